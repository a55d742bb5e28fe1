import { controlRefusal } from './control-access';
import { orderableKinds, parseFaultOrder } from './fault-order';
import type { Faults } from './faults';
import { json } from './http';
import type { HttpRequest, JsonReply } from './http';
import { parseJson } from './json-values';
import type { Ledger } from './ledger';

/** For tests, demos and developers: shows the gateway's state and orders faults. Not part of Stripe's API. */
export class ControlApi {
  constructor(
    private readonly ledger: Ledger,
    private readonly faults: Faults,
    /** The host that the sandbox listens on. */
    private readonly host: string,
  ) {}

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
        await this.ledger.clear();
        return json(200, { cleared: true });
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

const routes = [
  'GET /_sandbox/charges[?key=]',
  'GET, DELETE /_sandbox/journal[?key=]',
  'GET, POST, DELETE /_sandbox/faults',
];
