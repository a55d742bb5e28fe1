/** The largest prefetch of AMQP, so as many messages of one consumer may be in flight, with gaps between them. */
const MOST_RUNS = 65_535;

/**
 * The delivery tags of one channel that are settled. A tag counts as unsettled until it was settled through the channel,
 * also if its delivery needs no acknowledgement or was never seen: an error can only make the gaps larger.
 *
 * The memory it needs grows with the gaps, so with the messages in flight, and not with the number of tags behind a gap.
 */
export class SettledTags {
  /** Every delivery up to this tag is settled. Tags begin with 1. */
  upTo = 0;
  /** Runs of settled tags behind a gap: the last tag of each by its first, and the first by its last. */
  private readonly lastOf = new Map<number, number>();
  private readonly firstOf = new Map<number, number>();

  add(tag: number): void {
    const last = this.lastOf.get(tag + 1) ?? tag;
    if (tag === this.upTo + 1) {
      this.lastOf.delete(tag + 1);
      this.firstOf.delete(last);
      this.upTo = last;
      return;
    }
    const first = this.firstOf.get(tag - 1) ?? tag;
    // A tag that is not kept is a gap that never closes: what is behind it is acknowledged singly.
    if (first === tag && last === tag && this.lastOf.size >= MOST_RUNS) return;
    this.lastOf.delete(tag + 1);
    this.firstOf.delete(tag - 1);
    this.lastOf.set(first, last);
    this.firstOf.set(last, first);
  }

  /** All deliveries up to this tag were settled at once. */
  addUpTo(tag: number): void {
    this.upTo = Math.max(this.upTo, tag);
    for (const [first, last] of this.lastOf) {
      if (first > this.upTo + 1) continue;
      this.lastOf.delete(first);
      this.firstOf.delete(last);
      this.upTo = Math.max(this.upTo, last);
    }
  }
}
