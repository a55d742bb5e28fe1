import type { FaultRequest } from '../support/sandbox';
import type { GatewayTrouble, WebhookTrouble } from './faults';
import { laterMethods } from './payment-methods';

/** Probes that are refused before one is accepted: enough for each of three consumers to pause. */
const REFUSED_PROBES = 6;

/** Longer than until the first look at a payment, and than the time between two of its states. */
const lateMs = 4_000;

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
    // Its end may be told before the answer to the charge.
    { kind: 'settle-after', delayMs: 0, ...always(0.2, 9) },
    { kind: 'webhook-lost', ...always(0.05, 10) },
    { kind: 'webhook-twice', ...always(0.05, 11) },
    { kind: 'webhook-late', delayMs: lateMs, ...always(0.05, 12) },
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

/** Troubles with the webhooks of payments that end later: so many of each payment method. */
export function webhookBurst(trouble: WebhookTrouble, times: number): FaultRequest[] {
  return laterMethods.map((paymentMethod) => {
    const matching = { request: 'webhook', paymentMethod } as const;
    switch (trouble) {
      case 'lost':
        return { kind: 'webhook-lost', times, matching };
      case 'twice':
        return { kind: 'webhook-twice', times, matching };
      case 'late':
        return { kind: 'webhook-late', delayMs: lateMs, times, matching };
      default:
        return trouble satisfies never;
    }
  });
}
