import type { Begun } from './begin';
import type { IdempotencyEvents } from './idempotency.events';
import type { LocalMemory } from './local-memory';
import { notStarted, replayOf, type Outcome } from './outcome';
import type { IdempotencyRecord, ScopedKey } from '../stores/idempotency-store';
import { writeRecord } from '../stores/stored-record';

/** Answers calls whose work is not started. */
export class Answers {
  constructor(
    private readonly events: IdempotencyEvents,
    private readonly memory: LocalMemory | undefined,
  ) {}

  /** The answer for what the store replied. */
  of(name: ScopedKey, reply: Exclude<Begun['reply'], { kind: 'acquired' }>): Outcome<never, unknown> {
    if (reply.kind === 'completed') {
      this.memory?.remember(name, writeRecord(reply.record));
      return this.replay(name, reply.record, 'store');
    }
    this.events.emit(name, reply);
    return notStarted(reply);
  }

  replay(
    name: ScopedKey,
    record: IdempotencyRecord | 'idempotency-key-reused',
    from: 'store' | 'memory',
  ): Outcome<never, unknown> {
    if (record === 'idempotency-key-reused') {
      this.events.emit(name, { kind: record });
      return { kind: 'failed', code: record };
    }
    this.events.emit(name, { kind: 'replayed', from, result: record.result, origin: record.origin });
    return replayOf(record);
  }
}
