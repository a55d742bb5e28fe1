interface Deadline {
  readonly at: number;
  readonly onPassed: () => void;
}

/** Deadlines that are all equally far away, with one timer for all of them: most are removed long before they pass. */
export class Deadlines {
  /** Oldest first. */
  private readonly pending = new Set<Deadline>();
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly afterMs: number) {}

  /** Calls back when the time is over, unless the returned function was called before. */
  add(onPassed: () => void): () => void {
    const deadline = { at: performance.now() + this.afterMs, onPassed };
    this.pending.add(deadline);
    this.timer ??= this.timerFor(deadline);
    return () => this.pending.delete(deadline);
  }

  private timerFor({ at }: Deadline): NodeJS.Timeout {
    // Timers may run a fraction of a millisecond early.
    return setTimeout(() => this.check(), Math.max(0, at - performance.now()) + 1).unref();
  }

  private check(): void {
    this.timer = undefined;
    const now = performance.now();
    for (const deadline of this.pending) {
      if (deadline.at > now) {
        this.timer ??= this.timerFor(deadline);
        return;
      }
      this.pending.delete(deadline);
      deadline.onPassed();
    }
  }
}
