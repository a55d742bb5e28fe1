import type { KeptEntry } from './journal-entry';

/** The state of an idempotency key when a request arrives. */
export type KeyState =
  { kind: 'execute' } | { kind: 'replay'; kept: KeptEntry } | { kind: 'key-reused' } | { kind: 'running' };

/**
 * Stripe's rules (docs.stripe.com/api/idempotent_requests): once execution has begun, the first answer is kept, including
 * 500s, and equal requests get it again; nothing is kept for a request that fails validation or meets a running one.
 */
export class IdempotencyLayer {
  private readonly kept = new Map<string, KeptEntry>();
  private readonly running = new Set<string>();

  /** After `execute` the key counts as running until `release`; a request without a key always executes. */
  begin({ key, parametersHash }: { key: string | null; parametersHash: string }): KeyState {
    if (key === null) return { kind: 'execute' };
    if (this.running.has(key)) return { kind: 'running' };
    const kept = this.kept.get(key);
    if (kept === undefined) {
      this.running.add(key);
      return { kind: 'execute' };
    }
    return kept.parametersHash === parametersHash ? { kind: 'replay', kept } : { kind: 'key-reused' };
  }

  release(key: string | null): void {
    if (key !== null) this.running.delete(key);
  }

  keep(entry: KeptEntry): void {
    this.kept.set(entry.idempotencyKey, entry);
  }

  /** `null` forgets all keys, as if their retention time had passed. */
  forget(key: string | null): void {
    if (key === null) this.kept.clear();
    else this.kept.delete(key);
  }
}
