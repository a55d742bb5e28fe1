import { eventually } from '../support/eventually';
import type { NodeProcess } from '../support/child-process';
import { farewell } from './crash-point-names';
import type { ClockJump } from './faults';
import type { ConsumerEnd } from './history';
import { FaultyProxy } from './proxy';

/** A running consumer. */
export interface ConsumerProcess {
  readonly process: NodeProcess;
  /** Whether it would answer a signal. */
  isAlive(): Promise<boolean>;
  /** Whether it processes messages now. */
  isReady(): Promise<boolean>;
  /** Its own report of its state. */
  describe(): Promise<string>;
}

/** How to start a consumer, for each of its processes the same. */
export interface ConsumerProgram<D extends string> {
  /** Its dependencies and their addresses. */
  readonly urls: Record<D, string>;
  /** @param start `urls` go through the consumer's own proxies */
  launch(start: {
    name: string;
    urls: Record<D, string>;
    special: Special | undefined;
  }): Promise<ConsumerProcess>;
}

/** Long enough for a busy machine. Before the process is alive it has no handler for SIGTERM. */
const aliveWithinMs = 120_000;
const readyWithinMs = 30_000;

/** What is different about one process. */
export type Special = { crashAt: string } | { clock: ClockJump };

/** A slot for a consumer process, with its own proxies. A process that dies, for whatever reason, is replaced. */
export class Consumer<D extends string> {
  readonly ends: ConsumerEnd[] = [];
  /** All that have run here, the latest at the end. */
  readonly processes: NodeProcess[] = [];
  private current: ConsumerProcess | undefined;
  private special: Special | undefined;
  /** Pending while a process that exited unasked is being replaced. */
  private replacement: Promise<void> = Promise.resolve();
  /** Processes that the run stops or kills. */
  private readonly askedToEnd = new WeakSet<NodeProcess>();
  /** While a fault holds this slot, that fault starts the next process. */
  private held = false;
  private stopped = false;

  private constructor(
    readonly name: string,
    private readonly program: ConsumerProgram<D>,
    private readonly proxies: ReadonlyMap<D, FaultyProxy>,
  ) {}

  static async behindProxies<D extends string>(
    name: string,
    program: ConsumerProgram<D>,
  ): Promise<Consumer<D>> {
    const proxies = new Map<D, FaultyProxy>();
    for (const dependency of Object.keys(program.urls) as D[])
      proxies.set(dependency, await FaultyProxy.inFrontOf(program.urls[dependency]));
    return new Consumer(name, program, proxies);
  }

  proxy(dependency: D): FaultyProxy {
    const proxy = this.proxies.get(dependency);
    if (proxy === undefined) throw new Error(`${this.name} has no proxy in front of ${dependency}`);
    return proxy;
  }

  /** Starts a process in place of the ended one, and waits a limited time until it is ready. */
  async start(special?: Special): Promise<void> {
    await this.replacement;
    this.held = false;
    await this.launch(special);
  }

  private async launch(special: Special | undefined): Promise<void> {
    this.special = special;
    const urls = { ...this.program.urls };
    for (const [dependency, proxy] of this.proxies) urls[dependency] = proxy.urlFor(urls[dependency]);
    const launched = await this.program.launch({ name: this.name, urls, special });
    const { process } = launched;
    this.current = launched;
    this.processes.push(process);
    void process.exited.then((exit) => this.ended(process, exit));
    await this.until(process, () => launched.isAlive(), aliveWithinMs);
    // While a dependency is unavailable the process is not ready; the run does not wait for that.
    await this.until(process, () => launched.isReady(), readyWithinMs);
  }

  private async until(process: NodeProcess, check: () => Promise<boolean>, withinMs: number): Promise<void> {
    const answers = () => !process.running || check();
    await eventually(answers, { withinMs, everyMs: 200 }).catch(() => undefined);
  }

  async kill(): Promise<void> {
    const process = await this.hold();
    if (process) await process.kill();
  }

  /** Asks the process to stop and records how it exited. */
  async terminate(): Promise<void> {
    const process = await this.hold();
    if (!process?.running) return;
    const { code, signal } = await process.terminate();
    this.keepEnd(process, { how: 'asked', code, signal });
  }

  freeze(): void {
    this.current?.process.freeze();
  }

  thaw(): void {
    this.current?.process.thaw();
  }

  /** Whether the process reached its crash point and died there. */
  hasCrashed(point: string): boolean {
    const process = this.current?.process;
    return process?.running === false && process.output.includes(farewell(point));
  }

  /** Whether it processes messages now. */
  async isReady(): Promise<boolean> {
    const { current } = this;
    return current?.process.running === true && current.isReady();
  }

  /** Its own report of its state: shows why it does nothing. */
  async describe(): Promise<string> {
    const { current } = this;
    if (!current) return 'it has not been started';
    return `${await current.describe()}; it printed: ${lastOutputOf(current.process)}`;
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await this.terminate();
  }

  async close(): Promise<void> {
    await this.kill();
    await Promise.all([...this.proxies.values()].map((proxy) => proxy.close()));
  }

  /** From here on the process may end, and it is not replaced before the next `start`. */
  private async hold(): Promise<NodeProcess | undefined> {
    this.held = true;
    await this.replacement;
    const process = this.current?.process;
    if (process?.running) this.askedToEnd.add(process);
    return process;
  }

  private ended(
    process: NodeProcess,
    { code, signal }: { code: number | null; signal: string | null },
  ): void {
    const { special } = this;
    const crashed = special !== undefined && 'crashAt' in special && this.hasCrashed(special.crashAt);
    const asIntended = this.askedToEnd.has(process) || crashed || this.stopped;
    if (asIntended && !process.crashed) return;
    this.keepEnd(process, { how: 'unasked', code, signal });
    if (this.held || asIntended) return;
    // The replacement gets the same crash point or clock; otherwise a fault would wait for a crash that cannot happen.
    this.replacement = this.launch(special).catch((error: unknown) =>
      this.keepEnd(process, {
        how: 'unasked',
        code,
        signal: `and could not be replaced: ${String(error)}`,
      }),
    );
  }

  private keepEnd(process: NodeProcess, end: Pick<ConsumerEnd, 'how' | 'code' | 'signal'>): void {
    this.ends.push({ consumer: this.name, ...end, lastOutput: lastOutputOf(process) });
  }
}

function lastOutputOf({ output }: NodeProcess): string {
  return output.split('\n').slice(-3).join(' | ');
}
