import { connect, createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { connectionBlocked, connectionClose, connectionUnblocked, FrameReader } from './amqp-frames';
import type { AmqpMethod, Frame } from './amqp-frames';
import { ChannelConfirms } from './channel-confirms';

/** How a step ends, in place of the broker's answer to it. */
export type Ending =
  /** Both ends are gone without a word, as when the broker is killed. */
  | 'cut'
  /** As a broker does that shuts down: it closes the connection in place of an answer. */
  | 'closed'
  /** The same right behind its answer, so that a client that was busy meanwhile reads both at once. */
  | 'answered, then closed'
  /** And with a reason that is not the broker's own end. */
  | 'answered, then failed';

const shutdown = connectionClose(
  320,
  "CONNECTION_FORCED - broker forced connection closure with reason 'shutdown'",
);
const failure = connectionClose(541, 'INTERNAL_ERROR');

interface Trap {
  at: (step: string) => boolean;
  ending: Ending;
  sprung: () => void;
}

interface Link {
  client: Socket;
  broker: Socket;
  /** The request whose answer is the last thing this client hears. */
  last: { method: AmqpMethod; trap: Trap } | undefined;
  /** By the number of the channel. */
  confirms: Map<number, ChannelConfirms>;
}

/** Stands before a broker, understands what clients ask of it, and can end a connection at exactly one step. */
export class BrokerGate {
  /** What clients have asked for so far, in that order, such as `queue.declare payments.charge`. */
  readonly steps: string[] = [];
  /** Where clients have published to so far: routing keys. */
  readonly published: string[] = [];
  private readonly links = new Set<Link>();
  private readonly traps = new Set<Trap>();
  private readonly withheld = new Set<string>();
  private readonly server: Server;

  private constructor(private readonly target: URL) {
    this.server = createServer((client) => this.accept(client));
  }

  static async inFrontOf(url: string): Promise<BrokerGate> {
    const gate = new BrokerGate(new URL(url));
    await new Promise<void>((listening) => gate.server.listen(0, '127.0.0.1', listening));
    return gate;
  }

  /** The broker's URL, but through here. */
  get url(): string {
    const address = this.server.address();
    if (address === null || typeof address === 'string') throw new Error('the gate is closed');
    const through = new URL(this.target);
    through.port = String(address.port);
    return through.href;
  }

  /** Ends the connection in which a client gets to the step for the first time from now on. Resolves when it has. */
  async endAt(step: string, ending: Ending): Promise<void> {
    await new Promise<void>((sprung) => {
      let seen = 0;
      const [name = '', nth = '1'] = step.split(' #');
      const at = (found: string): boolean => found === name && ++seen === Number(nth);
      this.traps.add({ at, ending, sprung });
    });
  }

  /** From now on clients do not hear that messages to these routing keys are confirmed, as when a queue has no majority. */
  withholdConfirms(...routingKeys: string[]): void {
    for (const routingKey of routingKeys) this.withheld.add(routingKey);
  }

  /** They hear all of it now. */
  releaseConfirms(): void {
    this.withheld.clear();
    for (const { client, confirms } of this.links) {
      for (const channel of confirms.values()) client.write(channel.release());
    }
  }

  /** Tells clients that the broker takes no messages, as in an alarm. */
  block(): void {
    for (const { client } of this.links) client.write(connectionBlocked('low on memory'));
  }

  unblock(): void {
    for (const { client } of this.links) client.write(connectionUnblocked());
  }

  async close(): Promise<void> {
    const closed = new Promise((done) => this.server.close(done));
    for (const link of [...this.links]) this.cut(link);
    await closed;
  }

  private accept(client: Socket): void {
    const broker = connect({ host: this.target.hostname, port: Number(this.target.port) });
    const link: Link = { client, broker, last: undefined, confirms: new Map() };
    this.links.add(link);
    const requests = new FrameReader(true);
    const answers = new FrameReader(false);
    client.on('data', (bytes: Buffer) => {
      for (const frame of requests.read(bytes)) this.request(link, frame);
    });
    broker.on('data', (bytes: Buffer) => {
      for (const frame of answers.read(bytes)) this.answer(link, frame);
    });
    for (const socket of [client, broker]) {
      socket.setNoDelay(true);
      socket.on('error', () => this.cut(link));
      socket.on('close', () => this.cut(link));
    }
  }

  private request(link: Link, { bytes, method }: Frame): void {
    // Whatever comes after its last request, the broker does not hear any more; only its own end is answered.
    if (link.last) return method?.name === 'connection.close-ok' ? this.cut(link) : undefined;
    if (method?.name === 'confirm.select')
      link.confirms.set(method.channel, new ChannelConfirms(method.channel));
    if (method?.routingKey !== undefined) {
      this.published.push(method.routingKey);
      link.confirms.get(method.channel)?.published(this.withheld.has(method.routingKey));
    }
    const step = method && stepOf(method);
    if (method && step !== undefined) {
      this.steps.push(step);
      const trap = [...this.traps].find(({ at }) => at(step));
      if (trap) {
        this.traps.delete(trap);
        return this.spring(link, { method, trap, bytes });
      }
    }
    link.broker.write(bytes);
  }

  private spring(
    link: Link,
    { method, trap, bytes }: { method: AmqpMethod; trap: Trap; bytes: Buffer },
  ): void {
    link.last = { method, trap };
    switch (trap.ending) {
      case 'cut':
        this.cut(link);
        return trap.sprung();
      case 'closed':
        link.client.write(shutdown);
        return trap.sprung();
      case 'answered, then closed':
      case 'answered, then failed':
        link.broker.write(bytes);
        return;
      default:
        return trap.ending satisfies never;
    }
  }

  private answer(link: Link, { bytes, method }: Frame): void {
    if (!link.last) {
      return void link.client.write((method && passingConfirms(link, method)) ?? bytes);
    }
    const { trap } = link.last;
    const isAnswer =
      method?.name === `${link.last.method.name}-ok` && method.channel === link.last.method.channel;
    if (!isAnswer || trap.ending === 'closed') return;
    // In one piece: the client must not get to do anything in between.
    link.client.write(Buffer.concat([bytes, trap.ending === 'answered, then failed' ? failure : shutdown]));
    trap.sprung();
  }

  private cut(link: Link): void {
    this.links.delete(link);
    link.client.destroy();
    link.broker.destroy();
  }
}

/** What a client hears of an answer that confirms publishes; undefined for any other. */
function passingConfirms({ confirms }: Link, { channel, acknowledged }: AmqpMethod): Buffer | undefined {
  return acknowledged && confirms.get(channel)?.passing(acknowledged);
}

/** How a request is called in a test; undefined for what happens all the time. */
function stepOf({ name, subject }: AmqpMethod): string | undefined {
  if (['basic.publish', 'basic.ack', 'connection.close-ok'].includes(name)) return undefined;
  // The broker makes up a name for a queue without one, each time another.
  return subject === '' ? name : `${name} ${subject.replace(/^amq\.gen-.*/, 'amq.gen')}`;
}
