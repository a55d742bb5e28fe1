/** The parts of an AMQP 0-9-1 method frame that tests use. */
export interface AmqpMethod {
  channel: number;
  /** Such as `queue.declare`. */
  name: string;
  /** The exchange or queue that it names; empty if none. */
  subject: string;
  /** The routing key of a publish. */
  routingKey: string | undefined;
  /** What is acknowledged: all messages up to the tag, or only that one. */
  acknowledged: Acknowledged | undefined;
}

export interface Acknowledged {
  tag: number;
  isMultiple: boolean;
}

export interface Frame {
  bytes: Buffer;
  method: AmqpMethod | undefined;
}

const protocolHeaderBytes = 8;
const headBytes = 7;
const frameEnd = 0xce;
const methodFrame = 1;

/** Methods by class and method number. `named`: the first argument after the reserved one is a name. */
const methods: Record<string, { name: string; named?: true }> = {
  '10.11': { name: 'connection.start-ok' },
  '10.31': { name: 'connection.tune-ok' },
  '10.40': { name: 'connection.open' },
  '10.41': { name: 'connection.open-ok' },
  '10.50': { name: 'connection.close' },
  '10.51': { name: 'connection.close-ok' },
  '20.10': { name: 'channel.open' },
  '20.11': { name: 'channel.open-ok' },
  '20.40': { name: 'channel.close' },
  '20.41': { name: 'channel.close-ok' },
  '40.10': { name: 'exchange.declare', named: true },
  '40.11': { name: 'exchange.declare-ok' },
  '50.10': { name: 'queue.declare', named: true },
  '50.11': { name: 'queue.declare-ok' },
  '50.20': { name: 'queue.bind', named: true },
  '50.21': { name: 'queue.bind-ok' },
  '60.10': { name: 'basic.qos' },
  '60.11': { name: 'basic.qos-ok' },
  '60.20': { name: 'basic.consume', named: true },
  '60.21': { name: 'basic.consume-ok' },
  '60.30': { name: 'basic.cancel' },
  '60.31': { name: 'basic.cancel-ok' },
  '60.40': { name: 'basic.publish', named: true },
  '60.80': { name: 'basic.ack' },
  '85.10': { name: 'confirm.select' },
  '85.11': { name: 'confirm.select-ok' },
};

/** Cuts one direction of a connection into its frames. */
export class FrameReader {
  private rest: Buffer = Buffer.alloc(0);

  /** @param awaitsHeader whether the bytes begin with the protocol header, as those of a client do */
  constructor(private awaitsHeader: boolean) {}

  /** The frames that these bytes complete. */
  read(bytes: Buffer): Frame[] {
    this.rest = Buffer.concat([this.rest, bytes]);
    const frames: Frame[] = [];
    for (let frame = this.next(); frame; frame = this.next()) frames.push(frame);
    return frames;
  }

  private next(): Frame | undefined {
    const length = this.nextLength();
    if (length === undefined || this.rest.length < length) return undefined;
    const bytes = this.rest.subarray(0, length);
    this.rest = this.rest.subarray(length);
    const isHeader = this.awaitsHeader;
    this.awaitsHeader = false;
    return { bytes, method: isHeader ? undefined : methodIn(bytes) };
  }

  private nextLength(): number | undefined {
    if (this.awaitsHeader) return protocolHeaderBytes;
    return this.rest.length < headBytes ? undefined : headBytes + this.rest.readUInt32BE(3) + 1;
  }
}

function methodIn(frame: Buffer): AmqpMethod | undefined {
  if (frame[0] !== methodFrame) return undefined;
  const known = methods[`${frame.readUInt16BE(7)}.${frame.readUInt16BE(9)}`];
  if (!known) return undefined;
  // After the reserved short integer; a short string begins with its length.
  const subjectEnd = known.named ? 14 + frame.readUInt8(13) : 14;
  const subject = known.named ? frame.toString('utf8', 14, subjectEnd) : '';
  const isPublish = known.name === 'basic.publish';
  return {
    channel: frame.readUInt16BE(1),
    name: known.name,
    subject,
    routingKey: isPublish
      ? frame.toString('utf8', subjectEnd + 1, subjectEnd + 1 + frame.readUInt8(subjectEnd))
      : undefined,
    acknowledged:
      known.name === 'basic.ack'
        ? { tag: Number(frame.readBigUInt64BE(11)), isMultiple: frame.readUInt8(19) === 1 }
        : undefined,
  };
}

/** An acknowledgement of one message. */
export function acknowledgement(channel: number, tag: number): Buffer {
  const payload = Buffer.from([0, 60, 0, 80, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
  payload.writeBigUInt64BE(BigInt(tag), 4);
  return methodFrameOf(channel, payload);
}

/** The broker's notice that it accepts no messages because of an alarm. */
export function connectionBlocked(reason: string): Buffer {
  const text = Buffer.from(reason);
  return methodFrameOf(0, Buffer.concat([Buffer.from([0, 10, 0, 60, text.length]), text]));
}

/** The broker's notice that it accepts messages again. */
export function connectionUnblocked(): Buffer {
  return methodFrameOf(0, Buffer.from([0, 10, 0, 61]));
}

function methodFrameOf(channel: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(headBytes);
  head.writeUInt8(methodFrame, 0);
  head.writeUInt16BE(channel, 1);
  head.writeUInt32BE(payload.length, 3);
  return Buffer.concat([head, payload, Buffer.from([frameEnd])]);
}

/** The frame by which a broker closes a connection. */
export function connectionClose(code: number, text: string): Buffer {
  const reason = Buffer.from(text);
  const payload = Buffer.concat([
    Buffer.from([0, 10, 0, 50, code >> 8, code & 0xff, reason.length]),
    reason,
    Buffer.from([0, 0, 0, 0]),
  ]);
  return methodFrameOf(0, payload);
}
