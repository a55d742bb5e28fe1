import { ageCases } from './cases/age-cases';
import { attemptCases } from './cases/attempt-cases';
import { beginCases } from './cases/begin-cases';
import { completeCases } from './cases/complete-cases';
import { expiryCases } from './cases/expiry-cases';
import { fingerprintCases } from './cases/fingerprint-cases';
import { forgetCases } from './cases/forget-cases';
import { leaseCases } from './cases/lease-cases';
import { nameCases } from './cases/name-cases';
import type { StoreCase } from './store-case';

/**
 * What every {@link IdempotencyStore} promises, as cases that any test framework can run. Each case uses names of its
 * own and may run beside the others on one server; what it leaves there ends by itself.
 *
 * @example
 * describe('MyStore', () => {
 *   for (const { name, run } of storeContract()) it(name, () => run(new MyStore(client), realClock));
 * });
 */
export function storeContract(): readonly StoreCase[] {
  return [
    ...beginCases,
    ...ageCases,
    ...attemptCases,
    ...fingerprintCases,
    ...leaseCases,
    ...completeCases,
    ...expiryCases,
    ...forgetCases,
    ...nameCases,
  ];
}
