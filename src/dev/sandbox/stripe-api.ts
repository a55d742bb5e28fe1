import { readChargeRequest } from './charge-request';
import { arrivalFaults, replyTo } from './fault-injection';
import type { FaultInjection } from './fault-injection';
import type { FaultTarget } from './faults';
import { json } from './http';
import type { HttpRequest, JsonReply, Reply } from './http';
import type { EntryFacts } from './journal-entry';
import type { Ledger } from './ledger';
import { pause } from './pause';
import { PaymentCreation } from './payment-creation';
import type { PaymentTimes } from './payment-creation';
import { listPaymentIntents, noSuchPaymentIntent, searchPaymentIntents } from './payment-intent-pages';
import { paymentIntentOf } from './payment-intents';
import type { PaymentStates } from './payment-states';
import { unauthorized, unknownRoute } from './stripe-errors';

const collection = '/v1/payment_intents';

interface ApiParts {
  ledger: Ledger;
  states: PaymentStates;
  injection: FaultInjection;
  times: PaymentTimes;
}

/** The part of Stripe's HTTP API that the sandbox implements. */
export class StripeApi {
  private readonly ledger: Ledger;
  private readonly injection: FaultInjection;
  private readonly latencyMs: number;
  private readonly creation: PaymentCreation;

  constructor(parts: ApiParts) {
    this.ledger = parts.ledger;
    this.injection = parts.injection;
    this.latencyMs = parts.times.latencyMs;
    this.creation = new PaymentCreation(parts);
  }

  async handle(request: HttpRequest): Promise<Reply> {
    const refused = checkApiKey(request.headers.authorization);
    if (refused) return refused;
    if (request.method === 'POST' && request.path === collection) {
      return this.creation.create(readChargeRequest(request));
    }
    if (request.method === 'GET') return this.read(request);
    return unknownRoute(request.method, request.path);
  }

  private async read({ path, query, method }: HttpRequest): Promise<Reply> {
    const reading = { target: readTarget, facts: readFacts() };
    const fault = await this.injection.apply(arrivalFaults, reading);
    if (fault) return replyTo(fault, null);
    const delay = await this.injection.apply(['delay'], reading);
    await pause(this.latencyMs + (delay?.delayMs ?? 0));
    if (path === collection) return listPaymentIntents(this.ledger.newestFirst(), query);
    if (path === `${collection}/search`) return searchPaymentIntents(this.ledger.newestFirst(), query);
    const id = path.startsWith(`${collection}/`) ? path.slice(collection.length + 1) : '';
    return id === '' || id.includes('/') ? unknownRoute(method, path) : this.retrieve(id);
  }

  private retrieve(id: string): JsonReply {
    const entry = this.ledger.find(id);
    return entry ? json(200, paymentIntentOf(entry)) : noSuchPaymentIntent(id, 404, 'intent');
  }
}

const readTarget: FaultTarget = { request: 'read', idempotencyKey: null, paymentMethod: null, metadata: {} };

function readFacts(): EntryFacts {
  const unknown = {
    idempotencyKey: null,
    parametersHash: null,
    paymentIntentId: null,
    amount: null,
    currency: null,
  };
  return { at: new Date().toISOString(), ...unknown, metadata: {} };
}

function checkApiKey(authorization: string | undefined): JsonReply | undefined {
  const key = /^Bearer (.*)$/.exec(authorization ?? '')?.[1] ?? '';
  if (/^sk_\w+$/.test(key)) return undefined;
  return unauthorized(
    key === ''
      ? 'You did not provide an API key. Provide it in the Authorization header: Authorization: Bearer sk_test_…'
      : `Invalid API Key provided: ${key.slice(0, 3)}${'*'.repeat(8)}`,
  );
}
