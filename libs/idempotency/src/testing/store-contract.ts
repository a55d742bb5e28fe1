import { ageCases } from './cases/age-cases';
import { attemptCases } from './cases/attempt-cases';
import { beginCases } from './cases/begin-cases';
import { completeCases } from './cases/complete-cases';
import { expiryCases } from './cases/expiry-cases';
import { fingerprintCases } from './cases/fingerprint-cases';
import { forgetCases } from './cases/forget-cases';
import { leaseCases } from './cases/lease-cases';
import { nameCases } from './cases/name-cases';
import { replaceCases } from './cases/replace-cases';
import { stepCases } from './cases/step-cases';
import { stepLifeCases } from './cases/step-life-cases';
import type { StoreCase } from './store-case';

/**
 * What every {@link IdempotencyStore} promises, as cases that any test framework can run. Each case uses its own scope, so
 * all of them may run at the same time on one server; what they leave there expires.
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
    ...replaceCases,
    ...stepCases,
    ...stepLifeCases,
    ...expiryCases,
    ...forgetCases,
    ...nameCases,
  ];
}
