import type { FaultRequest } from '../support/sandbox';
import type { GatewayTrouble } from './faults';

/** Probes that are refused before one is accepted: enough for each of three consumers to pause. */
const REFUSED_PROBES = 6;

/** Faults of every run, in addition to the schedule, each with its probability for a request. */
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

/** Several faults of one kind at once. */
export function burst(trouble: GatewayTrouble, times: number): FaultRequest[] {
  switch (trouble) {
    case 'slow':
      return [{ kind: 'delay', delayMs: 1_000, when: 'before', times }];
    case 'drop-before':
    case 'drop-after':
    case 'conflict':
      return [{ kind: trouble, times }];
    case 'unauthorized':
      // Probes are counted separately: with them a paused consumer finds out that the key is valid again. A charge that is
      // refused after that counts as a failure of its own payment.
      return [
        { kind: trouble, times, matching: { request: 'create' } },
        { kind: trouble, times: REFUSED_PROBES, matching: { request: 'read' } },
      ];
    case 'unstored-500':
      return [{ kind: 'error-500-unstored', times }];
    case 'stored-500-charged':
      return [{ kind: 'error-500', charged: true, times }];
    case 'rate-limit':
      return [{ kind: 'rate-limit', retryAfterSeconds: 1, times }];
  }
}
