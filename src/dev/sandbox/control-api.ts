import { controlRefusal } from './control-access';
import { orderableKinds, parseFaultOrder } from './fault-order';
import type { Faults } from './faults';
import { FieldReader } from './field-reader';
import { json } from './http';
import type { HttpRequest, JsonReply } from './http';
import { isRecord, parseJson } from './json-values';
import type { Ledger } from './ledger';
import { statusOf } from './payment-intents';
import type { PaymentStates } from './payment-states';
import { endings } from './test-payment-methods';
import type { Webhooks } from './webhooks';

interface ControlParts {
  ledger: Ledger;
  states: PaymentStates;
  webhooks: Webhooks;
  faults: Faults;
  /** The host that the sandbox listens on. */
  host: string;
}

/** For tests, demos and developers: shows and changes the gateway's state, and orders faults. Not part of Stripe's API. */
export class ControlApi {
  private readonly ledger: Ledger;
  private readonly states: PaymentStates;
  private readonly webhooks: Webhooks;
  private readonly faults: Faults;
  private readonly host: string;

  constructor({ ledger, states, webhooks, faults, host }: ControlParts) {
    this.ledger = ledger;
    this.states = states;
    this.webhooks = webhooks;
    this.faults = faults;
    this.host = host;
  }

  async handle(request: HttpRequest): Promise<JsonReply> {
    const refused = controlRefusal(request, this.host);
    if (refused) return refused;
    const key = request.query.get('key');
    switch (`${request.method} ${request.path}`) {
      case 'GET /_sandbox/charges': {
        const charges = this.ledger.entries(key).filter(({ type }) => type === 'charge');
        return json(200, { count: charges.length, charges });
      }
      case 'GET /_sandbox/journal': {
        const entries = this.ledger.entries(key);
        return json(200, { count: entries.length, entries });
      }
      case 'DELETE /_sandbox/journal':
        await this.states.clear();
        return json(200, { cleared: true });
      case 'POST /_sandbox/settle':
        return this.settle(request.body);
      case 'GET /_sandbox/webhooks':
        return json(200, { webhooks: this.webhooks.list() });
      case 'POST /_sandbox/webhooks/resend':
        return this.resend(request.body);
      case 'POST /_sandbox/faults':
        return this.orderFault(request.body);
      case 'GET /_sandbox/faults':
        return json(200, { faults: this.faults.list() });
      case 'DELETE /_sandbox/faults':
        this.faults.clear();
        return json(200, { faults: [] });
      default:
        return json(404, { error: { message: `Unknown route: ${request.method} ${request.path}.`, routes } });
    }
  }

  private async settle(text: string): Promise<JsonReply> {
    const reader = fieldsOf(text);
    const key = reader.requiredText('key');
    const ending = reader.choice('outcome', endings, undefined);
    const problems = reader.finish();
    if (problems.length > 0) return invalid(problems);
    const outcome = await this.states.settle(key, ending);
    if (outcome) return json(200, { id: outcome.paymentIntentId, status: statusOf(outcome) });
    return json(404, { error: { message: `No payment with the key '${key}' waits for its end.` } });
  }

  private resend(text: string): JsonReply {
    const reader = fieldsOf(text);
    const id = reader.requiredText('id');
    const problems = reader.finish();
    if (problems.length > 0) return invalid(problems);
    const webhook = this.webhooks.resend(id);
    if (webhook) return json(200, webhook);
    return json(404, {
      error: { message: `'${id}' is not among the latest events; see GET /_sandbox/webhooks.` },
    });
  }

  private async orderFault(text: string): Promise<JsonReply> {
    const parsed = parseFaultOrder(parseJson(text));
    switch (parsed.kind) {
      case 'order':
        return json(201, this.faults.add(parsed.order));
      case 'forget-keys':
        await this.forget(parsed.idempotencyKey);
        return json(201, { kind: parsed.kind, idempotencyKey: parsed.idempotencyKey });
      case 'invalid': {
        const message = `The fault was not accepted: ${parsed.problems.join('; ')}.`;
        return json(400, { error: { message, problems: parsed.problems, kinds: orderableKinds } });
      }
    }
  }

  private async forget(idempotencyKey: string | null): Promise<void> {
    const unknown = {
      parametersHash: null,
      paymentIntentId: null,
      amount: null,
      currency: null,
      storedStatus: null,
    };
    const at = new Date().toISOString();
    await this.ledger.record({
      at,
      type: 'fault',
      fault: 'forget-keys',
      idempotencyKey,
      ...unknown,
      metadata: {},
    });
  }
}

function fieldsOf(text: string): FieldReader {
  const body = parseJson(text);
  return new FieldReader(isRecord(body) ? body : {});
}

function invalid(problems: string[]): JsonReply {
  return json(400, { error: { message: `The request was not accepted: ${problems.join('; ')}.`, problems } });
}

const routes = [
  'GET /_sandbox/charges[?key=]',
  'GET, DELETE /_sandbox/journal[?key=]',
  'POST /_sandbox/settle',
  'GET /_sandbox/webhooks',
  'POST /_sandbox/webhooks/resend',
  'GET, POST, DELETE /_sandbox/faults',
];
