import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { guardWith } from '../../scripts/services/guard';
import { runFolder } from './isolation';
import { parseJsonObject } from './json';
import type { JsonObject } from './json';

const projectRoot = resolve(__dirname, '../..');

export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** What Node.js prints for an uncaught error, or for an unhandled rejection that does not end the process. */
const unhandledError = /^Node\.js v\d+\.\d+\.\d+$|UnhandledPromiseRejection/;
const shownLines = 40;
let crashes: string[] = [];

/** The output of programs with an unhandled error since the last call. */
export function takeCrashes(): string[] {
  const taken = crashes;
  crashes = [];
  return taken;
}

/** A Node.js program under test. Its output is kept, and also written to a file under `.run` for debugging. */
export class NodeProcess {
  readonly exited: Promise<Exit>;
  private readonly child: ChildProcess;
  private readonly lines: string[] = [];
  private frozen = false;
  /** Whether it had an unhandled error. */
  crashed = false;

  constructor(
    script: string,
    options: { name: string; env: Record<string, string>; args?: string[]; nodeArgs?: string[] },
  ) {
    const { args = [], nodeArgs = [] } = options;
    this.child = spawn(process.execPath, [...nodeArgs, resolve(projectRoot, script), ...args], {
      cwd: projectRoot,
      // Only what every program needs from the test run's environment: a test must state what it depends on.
      env: { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '', ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.exited = new Promise((done, failed) => {
      this.child.once('error', failed);
      this.child.once('close', (code, signal) => done({ code, signal }));
    });
    this.keepOutput(options.name);
    this.endWithTheTests();
  }

  get running(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** Standard output and standard error so far. */
  get output(): string {
    return this.lines.join('\n');
  }

  /** The JSON lines of the output. */
  get logs(): JsonObject[] {
    return this.lines.map(parseJsonObject).filter((line) => line !== undefined);
  }

  /** Asks the process to stop, and resolves when it has exited. */
  async terminate(): Promise<Exit> {
    this.thaw();
    return this.signal('SIGTERM');
  }

  async kill(): Promise<Exit> {
    return this.signal('SIGKILL');
  }

  /** Suspends the process, as a long garbage collection or a paused virtual machine would. */
  freeze(): void {
    this.frozen = true;
    this.child.kill('SIGSTOP');
  }

  thaw(): void {
    if (this.frozen) this.child.kill('SIGCONT');
    this.frozen = false;
  }

  async signal(signal: NodeJS.Signals): Promise<Exit> {
    if (this.running) this.child.kill(signal);
    return this.exited;
  }

  private keepOutput(name: string): void {
    const file = createWriteStream(resolve(runFolder(), `${name}.${this.child.pid}.log`));
    const keep = (line: string): void => {
      this.lines.push(line);
      file.write(`${line}\n`);
      if (!unhandledError.test(line)) return;
      this.crashed = true;
      crashes.push(`${name} (${this.child.pid}):\n${this.lines.slice(-shownLines).join('\n')}`);
    };
    for (const stream of [this.child.stdout, this.child.stderr]) {
      if (stream) createInterface({ input: stream }).on('line', keep);
    }
    void this.exited.catch(() => undefined).then(() => file.end());
  }

  /** An interrupted test run cannot clean up, but must leave no service running. */
  private endWithTheTests(): void {
    const guard = guardWith(['kill', '-KILL', String(this.child.pid)]);
    this.exited.then(guard.release, guard.release);
  }
}
