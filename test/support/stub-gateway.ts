import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { text } from 'node:stream/consumers';
import type Stripe from 'stripe';
import { parseEnvironment } from '../../src/config/parse-environment';
import type { Environment } from '../../src/config/environment';
import type { Charge } from '../../src/payment/gateway/payment-gateway';

export interface StubRequest {
  /** Method and path: `POST /v1/payment_intents`. */
  route: string;
  query: URLSearchParams;
  headers: IncomingMessage['headers'];
  body: string;
}

export interface StubAnswer {
  status?: number;
  headers?: Record<string, string>;
  body: object;
}

type Answering = (request: StubRequest) => StubAnswer | Promise<StubAnswer>;

/**
 * A gateway that answers as the test says: for payment states that the sandbox does not produce, and for checks of the
 * requests. Each test of the file gets a new one.
 */
export function useStubGateway(): StubGateway {
  const stub = new StubGateway();
  beforeEach(() => stub.start());
  afterEach(() => stub.stop());
  return stub;
}

export class StubGateway {
  readonly requests: StubRequest[] = [];
  connections = 0;
  private server: Server | undefined;
  private answering: Answering = () => ({ status: 404, body: errorBody('invalid_request_error') });

  answers(answering: Answering): void {
    this.answering = answering;
  }

  /** The service's environment for this gateway. */
  get environment(): Environment {
    const address = this.server?.address();
    if (typeof address !== 'object' || !address) throw new Error('the stub gateway is not listening');
    return environmentFor(`http://127.0.0.1:${address.port}`);
  }

  routes(): string[] {
    return this.requests.map(({ route }) => route);
  }

  async start(): Promise<void> {
    this.requests.length = 0;
    this.connections = 0;
    this.server = createServer((message, response) => {
      void this.answer(message).then(({ status = 200, headers, body }) => {
        response
          .writeHead(status, { 'Content-Type': 'application/json', ...headers })
          .end(JSON.stringify(body));
      });
    });
    this.server.on('connection', () => this.connections++);
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
  }

  async stop(): Promise<void> {
    if (!this.server) return;
    const closed = once(this.server, 'close');
    this.server.close();
    this.server.closeAllConnections();
    await closed;
  }

  private async answer(message: IncomingMessage): Promise<StubAnswer> {
    const { pathname, searchParams } = new URL(message.url ?? '/', 'http://localhost');
    const request: StubRequest = {
      route: `${message.method} ${pathname}`,
      query: searchParams,
      headers: message.headers,
      body: await text(message),
    };
    this.requests.push(request);
    return this.answering(request);
  }
}

/** An environment in which the gateway has this URL. */
export function environmentFor(gatewayUrl: string): Environment {
  return parseEnvironment({
    RABBITMQ_URL: 'amqp://localhost',
    REDIS_URL: 'redis://localhost',
    STRIPE_API_KEY: 'sk_test_spec',
    STRIPE_API_BASE: gatewayUrl,
  });
}

export function errorBody(type: string): object {
  return { error: { type, message: 'an error that the test asked for' } };
}

export function listOf(intents: object[]): StubAnswer {
  return { body: { object: 'list', has_more: false, data: intents } };
}

/** The page that a list or a search requests: a search names the next page by `page`, a list by `starting_after`. */
export function pageOf(intents: readonly { id: string }[], query: URLSearchParams): StubAnswer {
  const last = query.get('page') ?? query.get('starting_after');
  const start = last === null ? 0 : intents.findIndex(({ id }) => id === last) + 1;
  const end = start + Number(query.get('limit') ?? '10');
  const data = intents.slice(start, end);
  const has_more = end < intents.length;
  return { body: { object: 'list', has_more, next_page: has_more ? data.at(-1)?.id : null, data } };
}

/** A charge of 99.99 USD. */
export function aCharge(overrides: Partial<Charge> = {}): Charge {
  return {
    idempotencyKey: 'key-1',
    paymentId: 'PAY-001',
    customerId: 'CUST-001',
    paymentMethodId: 'pm_card_visa',
    money: { minorUnits: 9999, currency: 'USD' },
    firstAttemptAt: new Date('2026-01-02T12:00:00Z'),
    ...overrides,
  };
}

interface StubIntent {
  id: string;
  object: 'payment_intent';
  amount: number;
  currency: string;
  status: Stripe.PaymentIntent.Status;
  last_payment_error: object | null;
  created: number;
  metadata: Record<string, string>;
}

/** The gateway's payment for {@link aCharge}. */
export function anIntent(overrides: Partial<StubIntent> = {}): StubIntent {
  return {
    id: 'pi_1',
    object: 'payment_intent',
    amount: 9999,
    currency: 'usd',
    status: 'succeeded',
    last_payment_error: null,
    created: 1_767_355_200,
    metadata: { idempotency_key: 'key-1', payment_id: 'PAY-001', customer_id: 'CUST-001' },
    ...overrides,
  };
}
