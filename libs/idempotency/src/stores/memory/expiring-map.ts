interface Entry<V> {
  readonly value: V;
  readonly expiresAt: number;
}

/** A map whose entries expire by a clock. As in Redis, an entry still exists in its last millisecond. */
export class ExpiringMap<V> {
  private readonly entries = new Map<string, Entry<V>>();

  /** @param now a clock in milliseconds that does not go back */
  constructor(private readonly now: () => number) {}

  get(name: string): V | undefined {
    return this.live(name)?.value;
  }

  set(name: string, value: V, lifeMs: number): void {
    this.entries.set(name, { value, expiresAt: this.now() + lifeMs });
  }

  /** Undefined if there is no entry. */
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
