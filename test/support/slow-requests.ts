import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

const BYTE_EVERY_MS = 500;

/** Requests that are sent byte by byte and never come to their end, each on a connection of its own. */
export class SlowRequests {
  private readonly sockets: Socket[] = [];
  private readonly drip = setInterval(() => this.sendByte(), BYTE_EVERY_MS);

  /** @param beginning what is sent at once */
  async open(url: string, { count, beginning }: { count: number; beginning: string }): Promise<void> {
    const { hostname, port } = new URL(url);
    const opened = Array.from({ length: count }, () => connect(Number(port), hostname));
    // To be cut off in the middle of a byte is what they are for.
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
    await Promise.all(open.map((socket) => once(socket, 'close')));
  }

  /** To be called in any case. */
  end(): void {
    clearInterval(this.drip);
    for (const socket of this.sockets) socket.destroy();
  }

  private sendByte(): void {
    for (const socket of this.sockets) if (socket.writable) socket.write('x');
  }
}
