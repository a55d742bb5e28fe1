import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';

/** A line of MONITOR (https://redis.io/docs/latest/commands/monitor/). */
const COMMAND = /^\+\S+ \[\d+ (?<source>\S+)\] (?<command>.*)$/;

/**
 * Commands that clients send to a Redis, without those inside scripts. Not by `monitor()` of ioredis 5.11: it fails if the
 * first command arrives together with the answer to MONITOR, as on a busy server.
 */
export class CommandWatch {
  /** As MONITOR shows them: each word in quotation marks. */
  private readonly commands: string[] = [];

  private constructor(
    private readonly socket: Socket,
    private readonly ownAddress: string,
  ) {}

  /** @param ownAddress of a client whose commands do not count, as the server sees it */
  static async start(url: string, ownAddress: string): Promise<CommandWatch> {
    const { hostname, port, username, password } = new URL(url);
    const socket = connect(Number(port || 6379), hostname);
    const watch = new CommandWatch(socket, ownAddress);
    const requests = ['MONITOR'];
    if (password !== '') requests.unshift(`AUTH ${username || 'default'} ${decodeURIComponent(password)}`);
    await new Promise<void>((resolve, reject) => {
      let answers = 0;
      createInterface({ input: socket }).on('line', (line) => {
        if (line.startsWith('-')) reject(new Error(`Redis refuses MONITOR: ${line}`));
        else if (line !== '+OK') watch.keep(line);
        else if (++answers === requests.length) resolve();
      });
      socket.on('error', reject);
      socket.write(requests.map((request) => `${request}\r\n`).join(''));
    });
    return watch;
  }

  naming(key: string): string[] {
    return this.commands.filter((command) => command.includes(`"${key}"`));
  }

  stop(): void {
    this.socket.destroy();
  }

  private keep(line: string): void {
    const { source, command } = COMMAND.exec(line)?.groups ?? {};
    if (command !== undefined && source !== 'lua' && source !== this.ownAddress) this.commands.push(command);
  }
}
