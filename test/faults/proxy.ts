import { connect, createServer } from 'node:net';
import type { Server, Socket } from 'node:net';

export const networkTroubles = ['delay', 'cut', 'reset', 'half-open', 'black-hole'] as const;
export type NetworkTrouble = (typeof networkTroubles)[number];

interface Link {
  client: Socket;
  upstream: Socket;
}

/** Bytes of a client that the proxy has stopped, and their connection. */
export interface CaughtBytes {
  readonly deliver: () => void;
  /** The client's connection is reset; the server's stays open until `hangUp()`. */
  readonly loseClient: () => void;
  readonly hangUp: () => void;
}

/** Chooses bytes to catch. */
interface Trap {
  isWanted: (chunk: Buffer) => boolean;
  act: (caught: CaughtBytes) => void;
}

const longestDelayMs = 300;

/** A proxy between one consumer and one dependency that causes network faults on demand. */
export class FaultyProxy {
  private readonly links = new Set<Link>();
  /** Sockets with a delayed chunk that is not delivered yet. */
  private readonly delayed = new Set<Socket>();
  private readonly server: Server;
  private trouble: NetworkTrouble | 'none' = 'none';
  private trap: Trap | undefined;

  private constructor(private readonly target: { host: string; port: number }) {
    this.server = createServer((client) => this.accept(client));
  }

  static async inFrontOf(url: string): Promise<FaultyProxy> {
    const { hostname, port } = new URL(url);
    const proxy = new FaultyProxy({ host: hostname, port: Number(port) });
    await new Promise<void>((listening) => proxy.server.listen(0, '127.0.0.1', listening));
    return proxy;
  }

  /** The given URL with this proxy in between. */
  urlFor(url: string): string {
    const address = this.server.address();
    if (address === null || typeof address === 'string') throw new Error('the proxy is closed');
    const through = new URL(url);
    through.port = String(address.port);
    return through.href;
  }

  begin(trouble: NetworkTrouble): void {
    this.trouble = trouble;
    for (const link of [...this.links]) this.disturb(link);
  }

  /** Bytes that were held back are delivered late, or their connection is reset: peers must handle both. */
  end(): void {
    const { trouble } = this;
    this.trouble = 'none';
    for (const link of [...this.links]) {
      if (trouble === 'half-open') this.reset(link);
      for (const socket of [link.client, link.upstream]) if (!this.delayed.has(socket)) socket.resume();
    }
  }

  /** Stops the next bytes of a client that are wanted, once. They must be delivered, or their connection ended. */
  catchNext(isWanted: Trap['isWanted'], act: Trap['act']): void {
    this.trap = { isWanted, act };
  }

  catchNone(): void {
    this.trap = undefined;
  }

  async close(): Promise<void> {
    const closed = new Promise((done) => this.server.close(done));
    for (const link of [...this.links]) this.reset(link);
    await closed;
  }

  private accept(client: Socket): void {
    if (this.trouble === 'cut' || this.trouble === 'reset') {
      client.resetAndDestroy();
      return;
    }
    const upstream = connect(this.target);
    const link = { client, upstream };
    this.links.add(link);
    this.forward(client, upstream, (chunk) => this.isCaught(link, chunk));
    this.forward(upstream, client, () => false);
    for (const socket of [client, upstream]) {
      socket.setNoDelay(true);
      socket.on('error', () => this.reset(link));
      socket.on('close', () => this.drop(link));
    }
    this.disturb(link);
  }

  private isCaught(link: Link, chunk: Buffer): boolean {
    const { trap } = this;
    if (!trap?.isWanted(chunk)) return false;
    this.trap = undefined;
    const { client, upstream } = link;
    trap.act({
      deliver: () => void upstream.write(chunk),
      loseClient: () => {
        this.links.delete(link);
        for (const socket of [client, upstream]) {
          for (const event of ['data', 'error', 'close']) socket.removeAllListeners(event);
          socket.on('error', () => socket.destroy());
        }
        upstream.resume();
        client.resetAndDestroy();
      },
      hangUp: () => void upstream.end(),
    });
    return true;
  }

  private forward(from: Socket, to: Socket, isCaught: (chunk: Buffer) => boolean): void {
    from.on('data', (chunk: Buffer) => {
      if (isCaught(chunk)) return;
      if (this.trouble !== 'delay') return void to.write(chunk);
      // Nothing is read until the chunk is delivered, even if the fault ends first: bytes must stay in order.
      this.delayed.add(from);
      from.pause();
      setTimeout(() => {
        to.write(chunk);
        this.delayed.delete(from);
        if (!this.holdsBack(from)) from.resume();
      }, Math.random() * longestDelayMs);
    });
    from.on('end', () => to.end());
  }

  private holdsBack(socket: Socket): boolean {
    if (this.trouble === 'black-hole') return true;
    return this.trouble === 'half-open' && [...this.links].some(({ upstream }) => upstream === socket);
  }

  private disturb(link: Link): void {
    switch (this.trouble) {
      case 'none':
      case 'delay':
        return;
      case 'cut':
        return this.drop(link);
      case 'reset':
        return this.reset(link);
      case 'half-open':
        // Requests arrive and are carried out; the answers do not come back.
        link.upstream.pause();
        return;
      case 'black-hole':
        link.client.pause();
        link.upstream.pause();
        return;
    }
  }

  private drop(link: Link): void {
    this.links.delete(link);
    link.client.destroy();
    link.upstream.destroy();
  }

  private reset(link: Link): void {
    this.links.delete(link);
    link.client.resetAndDestroy();
    link.upstream.resetAndDestroy();
  }
}
