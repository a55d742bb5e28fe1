import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

const BYTE_EVERY_MS = 500;

/** Requests that are sent byte by byte and never end, each on its own connection. */
export class SlowRequests {
  private readonly sockets: Socket[] = [];
  private readonly drip = setInterval(() => this.sendByte(), BYTE_EVERY_MS);

  /** @param beginning what is sent at once */
  async open(url: string, { count, beginning }: { count: number; beginning: string }): Promise<void> {
    const { hostname, port } = new URL(url);
    const opened = Array.from({ length: count }, () => connect(Number(port), hostname));
    // The server is expected to close these connections.
    for (const socket of opened) socket.on('error', () => undefined).resume();
    await Promise.all(opened.map((socket) => once(socket, 'connect')));
    for (const socket of opened) socket.write(beginning);
    this.sockets.push(...opened);
  }

  get openCount(): number {
    return this.sockets.filter(({ closed }) => !closed).length;
  }

  async allClosed(): Promise<void> {
    const open = this.sockets.filter(({ closed }) => !closed);
    // Not events.once(), which rejects with an error: a server that closes before it has read a byte resets the connection.
    await Promise.all(open.map((socket) => new Promise((resolve) => socket.once('close', resolve))));
  }

  /** Call it even after a failure. */
  end(): void {
    clearInterval(this.drip);
    for (const socket of this.sockets) socket.destroy();
  }

  private sendByte(): void {
    for (const socket of this.sockets) if (socket.writable) socket.write('x');
  }
}
