import type { KeptEntry } from './journal-entry';

/** What a request finds under its idempotency key. */
export type Claim =
  { kind: 'execute' } | { kind: 'replay'; kept: KeptEntry } | { kind: 'mismatch' } | { kind: 'running' };

/**
 * Stripe's rules (docs.stripe.com/api/idempotent_requests): the first answer is kept once execution began, 500s included,
 * and given again to equal requests; a request that failed validation, or met another one still running, keeps nothing.
 */
export class IdempotencyLayer {
  private readonly kept = new Map<string, KeptEntry>();
  private readonly running = new Set<string>();

  /** After `execute` the key is taken until `release`; a request without a key always executes. */
  begin({ key, parametersHash }: { key: string | null; parametersHash: string }): Claim {
    if (key === null) return { kind: 'execute' };
    if (this.running.has(key)) return { kind: 'running' };
    const kept = this.kept.get(key);
    if (kept === undefined) {
      this.running.add(key);
      return { kind: 'execute' };
    }
    return kept.parametersHash === parametersHash ? { kind: 'replay', kept } : { kind: 'mismatch' };
  }

  release(key: string | null): void {
    if (key !== null) this.running.delete(key);
  }

  keep(entry: KeptEntry): void {
    this.kept.set(entry.idempotencyKey, entry);
  }

  /** Without a key: all of them, as when the retention time of each has passed. */
  forget(key: string | null): void {
    if (key === null) this.kept.clear();
    else this.kept.delete(key);
  }
}
