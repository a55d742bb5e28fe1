import type { FaultRequest } from '../support/sandbox';
import type { GatewayTrouble } from './faults';

/** Until a probe is accepted: enough for each of three consumers to pause. */
const REFUSED_LOOKS = 6;

/** How often each happens to a request of any run, besides what the schedule adds. */
export function standingFaults(seed: number): FaultRequest[] {
  const always = (probability: number, offset: number) => ({ times: 0, probability, seed: seed + offset });
  return [
    { kind: 'drop-after', ...always(0.05, 1) },
    { kind: 'drop-before', ...always(0.05, 2) },
    { kind: 'error-500-unstored', status: 503, ...always(0.04, 3) },
    { kind: 'error-500', charged: true, ...always(0.005, 4) },
    { kind: 'error-500', charged: false, ...always(0.002, 5) },
    { kind: 'rate-limit', retryAfterSeconds: 1, ...always(0.03, 6) },
    // Longer than the lease, shorter than the time-out of a call.
    { kind: 'delay', delayMs: 2_800, when: 'before', ...always(0.01, 7) },
    { kind: 'delay', delayMs: 2_800, when: 'after', ...always(0.01, 8) },
  ];
}

/** A burst of one kind of trouble. */
export function burst(trouble: GatewayTrouble, times: number): FaultRequest[] {
  switch (trouble) {
    case 'slow':
      return [{ kind: 'delay', delayMs: 1_000, when: 'before', times }];
    case 'drop-before':
    case 'drop-after':
    case 'conflict':
      return [{ kind: trouble, times }];
    case 'unauthorized':
      // The looks are counted on their own: paused consumers find out by them that the key is good again. The charges that
      // are refused after that are failures of their own payments.
      return [
        { kind: trouble, times, matching: { request: 'create' } },
        { kind: trouble, times: REFUSED_LOOKS, matching: { request: 'read' } },
      ];
    case 'unstored-500':
      return [{ kind: 'error-500-unstored', times }];
    case 'stored-500-charged':
      return [{ kind: 'error-500', charged: true, times }];
    case 'rate-limit':
      return [{ kind: 'rate-limit', retryAfterSeconds: 1, times }];
  }
}
