/** Lets work wait for earlier work on the same targets; work on different targets overlaps. */
export class Turns {
  private readonly pending = new Map<string, Promise<void>>();

  /** Runs the work after the earlier work on each target and before the next one. */
  after<T>(targets: readonly string[], work: () => Promise<T>): Promise<T> {
    const done = Promise.all(targets.map((target) => this.pending.get(target) ?? Promise.resolve())).then(
      work,
    );
    const ended = done.then(
      () => undefined,
      () => undefined,
    );
    for (const target of targets) this.pending.set(target, ended);
    return done;
  }
}
