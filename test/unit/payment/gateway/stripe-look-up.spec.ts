import { StripeGateway } from '../../../../src/payment/gateway/stripe-gateway';
import { aCharge, anIntent, errorBody, listOf, pageOf, useStubGateway } from '../../../support/stub-gateway';

const LIST = 'GET /v1/payment_intents';
const SEARCH = 'GET /v1/payment_intents/search';

const declined = {
  ...anIntent({ id: 'pi_declined', status: 'requires_payment_method' }),
  last_payment_error: { type: 'card_error', code: 'card_declined' },
};

describe('looking for a payment', () => {
  const stub = useStubGateway();
  const find = () => new StripeGateway(stub.environment).find(aCharge());

  const others = {
    'another amount': { amount: 1 },
    'another currency': { currency: 'eur' },
    'another payment': { metadata: { ...anIntent().metadata, payment_id: 'PAY-002' } },
    'another customer': { metadata: { ...anIntent().metadata, customer_id: 'CUST-002' } },
    'nothing else of ours': { metadata: { idempotency_key: 'key-1' } },
  };

  it('ignores one with a similar key', async () => {
    const alike = anIntent({
      id: 'pi_alike',
      metadata: { ...anIntent().metadata, idempotency_key: 'KEY-1' },
    });
    stub.answers(() => listOf([alike, anIntent()]));
    expect(await find()).toEqual({ kind: 'succeeded', chargeId: 'pi_1' });
    stub.answers(() => listOf([alike]));
    expect(await find()).toEqual({ kind: 'not-found', isCertain: true });
  });

  it.each(Object.entries(others))('ignores one with the same key and %s', async (_what, intent) => {
    stub.answers(() => listOf([anIntent({ id: 'pi_others', ...intent }), anIntent()]));
    expect(await find()).toEqual({ kind: 'succeeded', chargeId: 'pi_1' });
  });

  it.each(Object.entries(others))(
    'says that the key is reused if it finds only one with the same key and %s',
    async (_what, intent) => {
      const other = anIntent({ id: 'pi_others', ...intent });
      for (const knowing of [LIST, SEARCH]) {
        stub.answers(({ route }) => listOf(route === knowing ? [other] : []));
        expect(await find()).toEqual({ kind: 'key-reused' });
      }
    },
  );

  it('lists the latest ones if a search finds none: since the first attempt, by a clock that differs', async () => {
    const { firstAttemptAt } = aCharge();
    const created = firstAttemptAt.getTime() / 1000 - 240;
    stub.answers(({ route, query }) =>
      listOf(route === LIST && Number(query.get('created[gte]')) <= created ? [anIntent({ created })] : []),
    );
    expect(await find()).toEqual({ kind: 'succeeded', chargeId: 'pi_1' });
  });

  it.each([400, 403])('does the same if it may not search: %d', async (status) => {
    stub.answers(({ route }) =>
      route === SEARCH ? { status, body: errorBody('invalid_request_error') } : listOf([anIntent()]),
    );
    expect(await find()).toEqual({ kind: 'succeeded', chargeId: 'pi_1' });
  });
});

describe('several payments under one key', () => {
  const stub = useStubGateway();
  const find = () => new StripeGateway(stub.environment).find(aCharge());

  it.each([
    { where: 'in one answer', searched: [declined, anIntent()], listed: [] },
    { where: 'that the search does not have yet', searched: [declined], listed: [anIntent()] },
    { where: 'that is too old for the list', searched: [anIntent()], listed: [declined] },
  ])('give the one that succeeded, $where', async ({ searched, listed }) => {
    stub.answers(({ route }) => listOf(route === SEARCH ? searched : listed));
    expect(await find()).toEqual({ kind: 'succeeded', chargeId: 'pi_1' });
  });

  it.each(['processing', 'requires_capture'] as const)('are not declined while one is %s', async (status) => {
    const undecided = anIntent({ id: 'pi_undecided', status });
    for (const [searched, listed] of [
      [[declined, undecided], []],
      [[declined], [undecided]],
      [[undecided], [declined]],
    ] as const) {
      stub.answers(({ route }) => listOf(route === SEARCH ? [...searched] : [...listed]));
      expect(await find()).toEqual({ kind: 'processing', chargeId: 'pi_undecided' });
    }
  });

  it('have the state in the list, if the search has an older state of the same one', async () => {
    const before = anIntent({ id: declined.id, status: 'processing' });
    stub.answers(({ route }) => listOf([route === SEARCH ? before : declined]));
    expect(await find()).toMatchObject({ kind: 'declined', chargeId: declined.id });
  });
});

describe('a look-up that does not find the payment', () => {
  const stub = useStubGateway();
  const find = () => new StripeGateway(stub.environment).find(aCharge());
  const secondsAgo = (seconds: number) => Math.floor(Date.now() / 1000) - seconds;

  /** Payments of other keys. */
  function others(count: number, created = secondsAgo(0)) {
    return Array.from({ length: count }, (_, index) =>
      anIntent({
        id: `pi_other_${index}`,
        created,
        metadata: { ...anIntent().metadata, idempotency_key: 'KEY-1' },
      }),
    );
  }

  /** As many as are checked at most: all of them are new, except the oldest one. */
  function thousand(oldest: number) {
    return [...others(999), anIntent({ id: 'pi_oldest', created: oldest, metadata: {} })];
  }

  function has(intents: { searched: { id: string }[] | 'refused'; listed: { id: string }[] }) {
    stub.answers(({ route, query }) => {
      const found = route === SEARCH ? intents.searched : intents.listed;
      return found === 'refused'
        ? { status: 403, body: errorBody('invalid_request_error') }
        : pageOf(found, query);
    });
  }

  it.each([11, 120, 999])('continues on the next page of a search: %d similar keys', async (count) => {
    has({ searched: [...others(count), anIntent()], listed: [] });
    expect(await find()).toEqual({ kind: 'succeeded', chargeId: 'pi_1' });
  });

  it.each([
    { what: 'all since the first attempt are listed', oldest: 1, isCertain: true, left: 1 },
    { what: 'the list goes back to payments that a search covers', oldest: 3_600, isCertain: true },
    { what: 'the list does not go back to payments that a search covers', oldest: 60, isCertain: false },
  ])('is certain if it saw everything ($isCertain): $what', async ({ oldest, isCertain, left = 0 }) => {
    has({ searched: others(20), listed: thousand(secondsAgo(oldest)).slice(left) });
    expect(await find()).toEqual({ kind: 'not-found', isCertain });
  });

  it.each([
    { what: 'a search is refused', searched: 'refused' as const },
    { what: 'a search finds more than are checked', searched: others(1_001) },
  ])('is certain only with a complete list if $what', async ({ searched }) => {
    has({ searched, listed: thousand(secondsAgo(3_600)) });
    expect(await find()).toEqual({ kind: 'not-found', isCertain: false });
    has({ searched, listed: others(999) });
    expect(await find()).toEqual({ kind: 'not-found', isCertain: true });
  });

  // Within 24 hours the gateway makes no second payment under a key, and an older one would be in the search.
  it.each([
    { what: 'still keeps', created: secondsAgo(23 * 3_600), kind: 'key-reused' },
    { what: 'may have forgotten', created: secondsAgo(24 * 3_600), kind: 'not-found' },
  ])('gives $kind for a key of another payment that the gateway $what', async ({ created, kind }) => {
    const other = anIntent({ id: 'pi_others', amount: 1, created });
    const latest = thousand(secondsAgo(60));
    for (const found of [
      { searched: [other], listed: latest },
      { searched: [], listed: [other, ...latest.slice(1)] },
    ]) {
      has(found);
      expect(await find()).toMatchObject({ kind });
    }
    has({ searched: 'refused', listed: [other, ...latest.slice(1)] });
    expect(await find()).toEqual({ kind: 'not-found', isCertain: false });
  });

  it('checks a limited number of payments', async () => {
    has({ searched: others(5_000), listed: others(5_000) });
    await find();
    expect(stub.routes().filter((route) => route === SEARCH)).toHaveLength(10);
    expect(stub.routes().filter((route) => route === LIST)).toHaveLength(10);
  });

  it('is not certain if the list took so long that there is a gap between it and the search', async () => {
    const oldest = secondsAgo(100);
    const later = Date.now() + 600_000;
    const now = jest.spyOn(Date, 'now');
    const listed = thousand(oldest);
    stub.answers(({ route, query }) => {
      if (route === LIST) now.mockReturnValue(later);
      return pageOf(route === LIST ? listed : [], query);
    });
    try {
      expect(await find()).toEqual({ kind: 'not-found', isCertain: false });
    } finally {
      now.mockRestore();
    }
  });
});
