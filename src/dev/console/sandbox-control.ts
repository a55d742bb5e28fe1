import { Injectable } from '@nestjs/common';
import { Environment } from '../../config/environment';
import type { GatewayMode, GatewayState } from './activity';

/** The gateway is not the sandbox, so its behaviour cannot be changed. */
export class NoSandboxError extends Error {
  override readonly name = 'NoSandboxError';
}

/** The fault of each mode; `times: 0` means until it is removed. Only charges are affected. */
const FAULTS: Readonly<Record<Exclude<GatewayMode, 'normal'>, Readonly<Record<string, unknown>>>> = {
  // Longer than a third of a short lease, so that the page shows a renewal.
  slow: { kind: 'delay', delayMs: 4_000, times: 0 },
  // Not stored under the key, so a retry succeeds as soon as the gateway works again.
  failing: { kind: 'error-500-unstored', times: 0 },
  declining: { kind: 'decline', times: 0 },
  // Charged, then the connection is closed before the answer: the case for the gateway's idempotency key.
  'losing-answers': { kind: 'drop-after', times: 0 },
};

const ANSWER_WITHIN_MS = 2_000;

/** Sets how the sandbox treats charges. A gateway that does not answer as the sandbox gets no such request. */
@Injectable()
export class SandboxControl {
  constructor(private readonly environment: Environment) {}

  async state(): Promise<GatewayState> {
    const base = this.environment.stripeApiBase;
    if (base === undefined) {
      return { kind: 'not-a-sandbox', detail: 'STRIPE_API_BASE is empty, so the gateway is Stripe itself' };
    }
    try {
      const answer = await call(base, 'GET');
      const faults = answer.ok ? faultsIn(await answer.text()) : undefined;
      if (!faults) {
        return { kind: 'not-a-sandbox', detail: 'what answers at STRIPE_API_BASE is not the sandbox' };
      }
      return { kind: 'sandbox', mode: modeOf(faults) };
    } catch (error) {
      return { kind: 'unreachable', detail: `nothing answers at STRIPE_API_BASE (${String(error)})` };
    }
  }

  /**
   * Replaces all faults, including those set through another client.
   *
   * @throws NoSandboxError
   */
  async set(mode: GatewayMode): Promise<GatewayState> {
    const state = await this.state();
    if (state.kind !== 'sandbox') throw new NoSandboxError(state.detail);
    const base = this.environment.stripeApiBase ?? '';
    await call(base, 'DELETE');
    if (mode !== 'normal') await call(base, 'POST', FAULTS[mode]);
    return this.state();
  }
}

function call(base: string, method: string, body?: unknown): Promise<Response> {
  return fetch(new URL('/_sandbox/faults', base), {
    method,
    signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    ...(body !== undefined && {
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    }),
  });
}

/** The kinds of the current faults; undefined if the answer is not the sandbox's. */
function faultsIn(text: string): string[] | undefined {
  try {
    const answer: unknown = JSON.parse(text);
    if (typeof answer !== 'object' || answer === null || !('faults' in answer)) return undefined;
    return Array.isArray(answer.faults) ? answer.faults.map(kindOf) : undefined;
  } catch {
    return undefined;
  }
}

function kindOf(fault: unknown): string {
  return typeof fault === 'object' && fault !== null && 'kind' in fault ? String(fault.kind) : 'unknown';
}

function modeOf(faults: readonly string[]): GatewayMode | 'custom' {
  const [only] = faults;
  if (only === undefined) return 'normal';
  const modes = ['slow', 'failing', 'declining', 'losing-answers'] as const;
  return (faults.length === 1 && modes.find((mode) => FAULTS[mode].kind === only)) || 'custom';
}
