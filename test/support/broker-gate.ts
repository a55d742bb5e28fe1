import { connect, createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { connectionBlocked, connectionClose, connectionUnblocked, FrameReader } from './amqp-frames';
import type { Acknowledged, AmqpMethod, Frame } from './amqp-frames';
import { ChannelConfirms } from './channel-confirms';

/** What happens to the connection instead of the broker's normal answer. */
export type Ending =
  /** Both sockets are destroyed without a notice, as when the broker is killed. */
  | 'cut'
  /** The connection is closed instead of an answer, as by a broker that shuts down. */
  | 'closed'
  /** The answer and the close arrive together, so that the client reads both at once. */
  | 'answered, then closed'
  /** The same with an internal error as the reason instead of a shutdown. */
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
  /** The last request that this client gets an answer to. */
  last: { method: AmqpMethod; trap: Trap } | undefined;
  /** By channel number. */
  confirms: Map<number, ChannelConfirms>;
}

/** A proxy in front of a broker that parses the clients' requests and can end a connection at exactly one step. */
export class BrokerGate {
  /** The clients' requests so far, in order, such as `queue.declare payments.charge`. */
  readonly steps: string[] = [];
  /** The routing keys of all publishes so far. */
  readonly published: string[] = [];
  /** The acknowledgements of consumers so far, one for each frame. */
  readonly acknowledged: Acknowledged[] = [];
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

  /** The broker's URL with this proxy in between. */
  get url(): string {
    const address = this.server.address();
    if (address === null || typeof address === 'string') throw new Error('the gate is closed');
    const through = new URL(this.target);
    through.port = String(address.port);
    return through.href;
  }

  /** Ends the first connection whose client reaches the step from now on. Resolves when that has happened. */
  async endAt(step: string, ending: Ending): Promise<void> {
    await new Promise<void>((sprung) => {
      let seen = 0;
      const [name = '', nth = '1'] = step.split(' #');
      const at = (found: string): boolean => found === name && ++seen === Number(nth);
      this.traps.add({ at, ending, sprung });
    });
  }

  /** From now on clients get no confirms for messages to these routing keys, as when a queue has no majority. */
  withholdConfirms(...routingKeys: string[]): void {
    for (const routingKey of routingKeys) this.withheld.add(routingKey);
  }

  /** Sends the withheld confirms. */
  releaseConfirms(): void {
    this.withheld.clear();
    for (const { client, confirms } of this.links) {
      for (const channel of confirms.values()) client.write(channel.release());
    }
  }

  /** Tells clients that the broker accepts no messages, as in an alarm. */
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
    // Requests after the last one are not forwarded; the client's close-ok ends the connection.
    if (link.last) return method?.name === 'connection.close-ok' ? this.cut(link) : undefined;
    if (method?.name === 'confirm.select')
      link.confirms.set(method.channel, new ChannelConfirms(method.channel));
    if (method?.routingKey !== undefined) {
      this.published.push(method.routingKey);
      link.confirms.get(method.channel)?.published(this.withheld.has(method.routingKey));
    }
    if (method?.acknowledged) this.acknowledged.push(method.acknowledged);
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
    // In one write: the client must not be able to do anything in between.
    link.client.write(Buffer.concat([bytes, trap.ending === 'answered, then failed' ? failure : shutdown]));
    trap.sprung();
  }

  private cut(link: Link): void {
    this.links.delete(link);
    link.client.destroy();
    link.broker.destroy();
  }
}

/** The part of a confirm that is forwarded to the client; undefined for any other answer. */
function passingConfirms({ confirms }: Link, { channel, acknowledged }: AmqpMethod): Buffer | undefined {
  return acknowledged && confirms.get(channel)?.passing(acknowledged);
}

/** The name of a request in tests; undefined for frequent requests that no test uses as a step. */
function stepOf({ name, subject }: AmqpMethod): string | undefined {
  if (['basic.publish', 'basic.ack', 'connection.close-ok'].includes(name)) return undefined;
  // The broker generates a new name each time for a queue without a name.
  return subject === '' ? name : `${name} ${subject.replace(/^amq\.gen-.*/, 'amq.gen')}`;
}
