import type { LocalMemory } from './local-memory';
import { recordableText } from './recordable';
import type { IdempotencyStore, ScopedKey } from '../stores/idempotency-store';

/** What `replaceResult()` did; `not-found`: nothing is recorded, or an error. */
export type Replacement = 'replaced' | 'unchanged' | 'not-found';

/** How often a record is looked at that others replace at the same moment. */
const MOST_LOOKS = 10;

/** Replaces recorded results by those that come later. */
export class LaterResults {
  constructor(
    private readonly store: IdempotencyStore,
    private readonly memory: LocalMemory | undefined,
  ) {}

  async replace(name: ScopedKey, replace: (result: unknown) => unknown): Promise<Replacement> {
    for (let looks = 0; looks < MOST_LOOKS; looks++) {
      const { record } = await this.store.find(name);
      if (!record || record.error) return 'not-found';
      // A copy, which may be changed and returned: the store compares what is stored with what was found.
      const later = replace(structuredClone(record.result));
      if (later === undefined) return 'unchanged';
      const result: unknown = JSON.parse(recordableText(later, { scope: name.scope, isLater: true }));
      try {
        if ((await this.store.replaceRecord(name, record, { ...record, result })) === 'replaced')
          return 'replaced';
      } finally {
        // Also without an answer: the record may be replaced.
        this.memory?.forget(name);
      }
    }
    throw new Error(
      `the result of the key '${name.key}' in scope '${name.scope}' was not replaced: each of the ${MOST_LOOKS} times that it ` +
        'was looked at, its record changed, or another program wrote it; try again later',
    );
  }
}
