interface Entry<V> {
  readonly value: V;
  readonly expiresAt: number;
}

/** A map whose entries end by a clock; as in Redis, their last millisecond still belongs to their life. */
export class ExpiringMap<V> {
  private readonly entries = new Map<string, Entry<V>>();

  /** @param now milliseconds, growing */
  constructor(private readonly now: () => number) {}

  get(name: string): V | undefined {
    return this.live(name)?.value;
  }

  set(name: string, value: V, lifeMs: number): void {
    this.entries.set(name, { value, expiresAt: this.now() + lifeMs });
  }

  /** Undefined when there is no entry. */
  remainingMs(name: string): number | undefined {
    const entry = this.live(name);
    return entry && entry.expiresAt - this.now();
  }

  delete(name: string): void {
    this.entries.delete(name);
  }

  private live(name: string): Entry<V> | undefined {
    const entry = this.entries.get(name);
    if (entry === undefined || entry.expiresAt >= this.now()) return entry;
    this.entries.delete(name);
    return undefined;
  }
}
