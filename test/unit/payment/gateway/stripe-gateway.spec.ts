import { CHARGE_VERSIONS } from '../../../../src/payment/gateway/charge-parameters';
import { GatewayError } from '../../../../src/payment/gateway/payment-gateway';
import { StripeGateway } from '../../../../src/payment/gateway/stripe-gateway';
import { eventually } from '../../../support/eventually';
import { aCharge, anIntent, errorBody, listOf, useStubGateway } from '../../../support/stub-gateway';

const CREATE = 'POST /v1/payment_intents';
const RETRIEVE = 'GET /v1/payment_intents/pi_1';
const LIST = 'GET /v1/payment_intents';

/** The failure of a call without a decision. */
async function failureOf(call: Promise<unknown>) {
  const outcome = await call.catch((error: unknown) => error);
  if (outcome instanceof GatewayError) return outcome.failure;
  throw new Error(`expected no decision, got ${JSON.stringify(outcome)}`);
}

describe('a charge', () => {
  const stub = useStubGateway();
  const { stackTraceLimit } = Error;
  afterEach(() => {
    Reflect.deleteProperty(Error, 'prepareStackTrace');
  });

  it('takes no stack trace inside the client, which would cost a tenth of the CPU time', async () => {
    stub.answers(() => ({ body: anIntent({ status: 'succeeded' }) }));
    const traces: NodeJS.CallSite[][] = [];
    Error.prepareStackTrace = (_, frames) => traces.push(frames);
    await new StripeGateway(stub.environment).charge(aCharge());
    expect(traces.filter((frames) => frames.length > 0)).toEqual([]);
    expect(Error.stackTraceLimit).toBe(stackTraceLimit);
  });

  it('uses the connection of the one before', async () => {
    stub.answers(() => ({ body: anIntent({ status: 'succeeded' }) }));
    const gateway = new StripeGateway(stub.environment);
    for (let charges = 0; charges < 3; charges++) await gateway.charge(aCharge());
    expect(stub.connections).toBe(1);
  });

  it('does not wait for the connection of another, however many there are at a time', async () => {
    const atOnce = 50;
    let release: () => void = () => undefined;
    const allHaveCome = new Promise<void>((resolve) => (release = resolve));
    stub.answers(async () => {
      if (stub.requests.length === atOnce) release();
      await allHaveCome;
      return { body: anIntent({ status: 'succeeded' }) };
    });
    const gateway = new StripeGateway(stub.environment);
    await Promise.all(Array.from({ length: atOnce }, () => gateway.charge(aCharge())));
    expect(stub.connections).toBe(atOnce);
  });

  it('that fails has an error with a stack trace all the same', async () => {
    stub.answers(() => ({ status: 500, body: errorBody('api_error') }));
    const error = await new StripeGateway(stub.environment)
      .charge(aCharge())
      .catch((thrown: unknown) => thrown);
    expect(error).toHaveProperty('stack', expect.stringContaining('\n    at '));
  });
});

describe('a payment that the gateway is still processing', () => {
  const stub = useStubGateway();

  it('is accepted, and has neither succeeded nor failed', async () => {
    stub.answers(() => ({ body: anIntent({ status: 'processing' }) }));
    expect(await new StripeGateway(stub.environment).charge(aCharge())).toEqual({
      kind: 'processing',
      chargeId: 'pi_1',
    });
  });

  it('is read again, because a repeated key always gets the first answer', async () => {
    stub.answers(({ route }) => ({
      body: anIntent({ status: route === CREATE ? 'processing' : 'succeeded' }),
    }));
    expect(await new StripeGateway(stub.environment).charge(aCharge())).toEqual({
      kind: 'succeeded',
      chargeId: 'pi_1',
    });
    expect(stub.routes()).toEqual([CREATE, RETRIEVE]);
  });

  it.each(['processing', 'requires_capture', 'requires_action'] as const)(
    'is not declined because of an earlier attempt, while it is in the state %s',
    async (status) => {
      const last_payment_error = { type: 'card_error', code: 'card_declined' };
      stub.answers(() => ({ body: { ...anIntent({ status }), last_payment_error } }));
      expect(await new StripeGateway(stub.environment).charge(aCharge())).toEqual({
        kind: 'processing',
        chargeId: 'pi_1',
      });
    },
  );
});

describe('the gateway refuses our key (401)', () => {
  const stub = useStubGateway();
  const refused = { status: 401, body: errorBody('invalid_request_error') };
  const work = {
    charge: () => new StripeGateway(stub.environment).charge(aCharge()),
    find: () => new StripeGateway(stub.environment).find(aCharge()),
  };

  it.each(['charge', 'find'] as const)(
    'for every call: a %s says nothing about the payment',
    async (call) => {
      stub.answers(() => refused);
      expect(await failureOf(work[call]())).toEqual({ kind: 'unauthorized' });
    },
  );

  it.each([200, 403, 404])(
    'for one payment, and a probe is answered %d: only that payment is affected',
    async (status) => {
      stub.answers(({ route }) =>
        route === LIST
          ? { ...listOf([]), status, ...(status !== 200 && { body: errorBody('api_error') }) }
          : refused,
      );
      expect(await failureOf(work.charge())).toEqual({ kind: 'forbidden' });
    },
  );

  it('and a probe gets no answer: the attempt counts, because other payments may be charged', async () => {
    stub.answers(({ route }) => (route === LIST ? { status: 503, body: errorBody('api_error') } : refused));
    expect(await failureOf(work.charge())).toEqual({ kind: 'unavailable' });
  });

  it('for twenty payments at once: one probe for all of them', async () => {
    let letGo: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    stub.answers(async ({ route, body }) => {
      if (route === LIST) await held;
      if (route === CREATE && body.includes('PAY-last')) return { body: anIntent() };
      return refused;
    });
    const gateway = new StripeGateway(stub.environment);
    const charges = Array.from({ length: 20 }, () => failureOf(gateway.charge(aCharge())));
    await eventually(() => expect(stub.routes().filter((route) => route === CREATE)).toHaveLength(20));
    // Answered after all of them were refused.
    await gateway.charge(aCharge({ paymentId: 'PAY-last' }));
    letGo();
    expect(new Set((await Promise.all(charges)).map(({ kind }) => kind))).toEqual(new Set(['unauthorized']));
    expect(stub.routes().filter((route) => route === LIST)).toHaveLength(1);
  });
});

describe('the gateway refuses our key (401) after the charge was sent', () => {
  const stub = useStubGateway();
  const refused = { status: 401, body: errorBody('invalid_request_error') };
  const charge = () => failureOf(new StripeGateway(stub.environment).charge(aCharge()));
  const created = {
    'is processing': { body: anIntent({ status: 'processing' }) },
    'is a stored 5xx': {
      status: 500,
      body: errorBody('api_error'),
      headers: { 'Idempotent-Replayed': 'true' },
    },
    'is that the key is known with other parameters': { status: 400, body: errorBody('idempotency_error') },
  };

  it.each(Object.entries(created))(
    'and the answer to it %s: the attempt counts, because money may have moved',
    async (_what, answer) => {
      stub.answers(({ route }) => (route === CREATE ? answer : refused));
      expect(await charge()).toEqual({ kind: 'unavailable' });
    },
  );

  it('with an older version, after the newest was answered that the key is known: the attempt counts', async () => {
    const versions = [...CHARGE_VERSIONS, ...CHARGE_VERSIONS];
    const known = { status: 400, body: errorBody('idempotency_error') };
    stub.answers(() => (stub.routes().length === 1 ? known : refused));
    const charging = new StripeGateway(stub.environment, versions).charge(aCharge());
    expect(await failureOf(charging)).toEqual({ kind: 'unavailable' });
    expect(stub.routes().slice(0, 2)).toEqual([CREATE, CREATE]);
  });

  it.each([400, 403, 404])(
    'or refuses to show the payment (%d): it may have been charged',
    async (status) => {
      stub.answers(({ route }) =>
        route === CREATE ? created['is processing'] : { status, body: errorBody('invalid_request_error') },
      );
      expect(await charge()).toEqual({ kind: 'unavailable' });
    },
  );
});

describe('the gateway knows the key with other parameters', () => {
  const stub = useStubGateway();
  const failureWith = (intents: object[], list = listOf([])) => {
    stub.answers(({ route }) => {
      if (route === CREATE) return { status: 400, body: errorBody('idempotency_error') };
      return route === LIST ? list : listOf(intents);
    });
    return failureOf(new StripeGateway(stub.environment).charge(aCharge()));
  };

  it.each([
    { what: 'another payment has it', intents: [anIntent({ amount: 1 })] },
    { what: 'no payment has it', intents: [] },
  ])('and $what: the key is reused', async ({ intents }) => {
    expect(await failureWith(intents)).toEqual({ kind: 'key-reused' });
  });

  it('and not all payments could be checked: one of them may be this one', async () => {
    const created = Math.floor(Date.now() / 1000);
    const many = Array.from({ length: 1_000 }, (_, index) =>
      anIntent({ id: `pi_${index}`, created, metadata: {} }),
    );
    expect(await failureWith([], listOf(many))).toEqual({ kind: 'outcome-unknown' });
  });
});

describe('the gateway replays a stored 5xx, and our key is on another payment', () => {
  const stub = useStubGateway();

  it('leaves the outcome unknown: these parameters were sent, and may have been charged', async () => {
    const headers = { 'Idempotent-Replayed': 'true' };
    stub.answers(({ route }) =>
      route === CREATE
        ? { status: 500, body: errorBody('api_error'), headers }
        : listOf([anIntent({ amount: 1 })]),
    );
    const charging = new StripeGateway(stub.environment).charge(aCharge());
    expect(await failureOf(charging)).toEqual({ kind: 'outcome-unknown' });
  });
});
