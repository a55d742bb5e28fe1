import type { JsonReply, Reply } from './http';
import type { EntryFacts } from './journal-entry';
import type { FaultKind, FaultOf, FaultTarget, Faults } from './faults';
import type { Ledger } from './ledger';
import { forbidden, internalError, keyInUse, rateLimited, unauthorized } from './stripe-errors';

/** Faults that end a request before the idempotency layer sees it, so nothing is kept under the key. */
export const arrivalFaults = [
  'unauthorized',
  'forbidden',
  'rate-limit',
  'error-500-unstored',
  'drop-before',
  'conflict',
] as const;

export type ArrivalFault = FaultOf<(typeof arrivalFaults)[number]>;

/** Applies faults to requests, and writes each into the journal before it takes effect. */
export class FaultInjection {
  constructor(
    readonly faults: Faults,
    private readonly ledger: Ledger,
  ) {}

  async apply<K extends FaultKind>(
    kinds: readonly K[],
    { target, facts }: { target: FaultTarget; facts: EntryFacts },
  ): Promise<FaultOf<K> | undefined> {
    const fault = this.faults.next(kinds, target);
    if (fault === undefined) return undefined;
    await this.ledger.record({ ...facts, type: 'fault', fault: fault.kind, storedStatus: null });
    return fault;
  }
}

export function replyTo(fault: ArrivalFault, idempotencyKey: string | null): Reply {
  return fault.kind === 'drop-before' ? { kind: 'drop' } : errorFor(fault, idempotencyKey);
}

function errorFor(fault: Exclude<ArrivalFault, { kind: 'drop-before' }>, key: string | null): JsonReply {
  switch (fault.kind) {
    case 'unauthorized':
      return unauthorized('Invalid API Key provided (a fault ordered at the sandbox).');
    case 'forbidden':
      return forbidden();
    case 'rate-limit':
      return rateLimited(fault.retryAfterSeconds);
    case 'error-500-unstored':
      return internalError({ status: fault.status, kept: false });
    case 'conflict':
      return keyInUse(key ?? '');
  }
}
