import { randomUUID } from 'node:crypto';
import { MemoryIdempotencyStore, StoreUnavailableError } from '../../src';
import { GraphqlShop, type GraphqlAnswer } from './shop';

const codesOf = ({ errors = [] }: GraphqlAnswer) => errors.map(({ extensions }) => extensions['code']);

describe('a GraphQL mutation', () => {
  const store = new MemoryIdempotencyStore();
  let shop: GraphqlShop;
  let key: string;
  let runsBefore: number;
  const runs = () => shop.runs.keys.length - runsBefore;

  beforeAll(async () => {
    shop = await GraphqlShop.open(store);
  });
  beforeEach(() => {
    key = randomUUID();
    runsBefore = shop.runs.keys.length;
  });
  afterEach(() => {
    jest.restoreAllMocks();
  });
  afterAll(async () => {
    await shop.close();
  });

  const place = (quantity = 1, fields = 'id quantity placedAt label') =>
    `mutation { place(sku: "A", quantity: ${quantity}) { ${fields} } }`;

  it('runs with the key of the HTTP header', async () => {
    const { data } = await shop.ask(place(), key);
    expect([data, shop.runs.keys.at(-1)]).toEqual([
      { place: expect.objectContaining({ id: expect.stringMatching(/^A-/), quantity: 1 }) },
      key,
    ]);
  });

  it('is answered from its record the second time, dates and fields with a resolver included', async () => {
    const answers = [await shop.ask(place(), key), await shop.ask(place(), `"${key}"`)];
    expect(answers[1]).toEqual(answers[0]);
    expect([runs(), answers[1]?.errors]).toEqual([1, undefined]);
  });

  it('fails the first time already if its result cannot be read from a record', async () => {
    const careless = 'mutation { placeCarelessly { placedAt } }';
    const answers = [await shop.ask(careless, key), await shop.ask(careless, key)];
    expect(answers[0]?.errors).toMatchObject([
      { path: ['placeCarelessly', 'placedAt'], message: expect.stringContaining('DateTime.serialize') },
    ]);
    expect(answers[1]).toEqual(answers[0]);
  });

  it('gives a duplicate the fields that it asks for', async () => {
    await shop.ask(place(1, 'id'), key);
    expect(await shop.ask(place(1, 'quantity'), key)).toEqual({ data: { place: { quantity: 1 } } });
  });

  it('gives a duplicate at the same time the answer of the one run', async () => {
    const release = shop.runs.hold();
    const asked = [shop.ask(place(), key), shop.ask(place(), key), shop.ask(place(), key)];
    release();
    const [first, ...others] = await Promise.all(asked);
    expect(others).toEqual([first, first]);
    expect(runs()).toBe(1);
  });

  it('is refused with other arguments', async () => {
    await shop.ask(place(1), key);
    const { data, errors } = await shop.ask(place(2), key);
    expect(data).toBeNull();
    expect(errors).toMatchObject([
      { path: ['place'], extensions: { code: 'IDEMPOTENCY_KEY_REUSED', status: 422 } },
    ]);
    expect(runs()).toBe(1);
  });

  it('is never answered with the result of another mutation', async () => {
    const one = await shop.ask('mutation { cancel(id: "1") }', key);
    expect(await shop.ask('mutation { refund(id: "1") }', key)).not.toEqual(one);
    expect(runs()).toBe(2);
  });

  it('is refused as a second alias under the same key, not answered with the result of the first', async () => {
    const both =
      'mutation { one: place(sku: "A", quantity: 1) { id } two: place(sku: "A", quantity: 1) { id } }';
    const first = await shop.ask(both, key);
    expect(codesOf(first)).toEqual(['IDEMPOTENCY_KEY_REUSED']);
    expect(first.errors?.[0]?.path).toEqual(['two']);
    expect(await shop.ask(both, key)).toEqual(first);
    expect(runs()).toBe(1);
  });

  it('can have a key for each alias among its arguments', async () => {
    const both = `mutation {
      one: placeOrWait(key: "${key}-1") { ... on Backorder { weeks } }
      two: placeOrWait(key: "${key}-2") { ... on Backorder { weeks } }
    }`;
    const answers = [await shop.ask(both), await shop.ask(both)];
    expect(answers[0]?.data).toMatchObject({ one: { weeks: expect.any(Number) } });
    expect(answers[1]).toEqual(answers[0]);
    expect(runs()).toBe(2);
  });

  it.each([
    { what: 'no key', given: undefined, code: 'MISSING_IDEMPOTENCY_KEY' },
    { what: 'a key with spaces', given: 'a key', code: 'INVALID_IDEMPOTENCY_KEY' },
  ])('is refused with $what', async ({ given, code }) => {
    const { errors } = await shop.ask(place(), given);
    expect(errors).toMatchObject([{ extensions: { code, status: 400 } }]);
    expect(runs()).toBe(0);
  });

  it.each(['http', 'graphql', 'plain'])(
    'answers a remembered error the same the second time: %s',
    async (how) => {
      const fail = `mutation { fail(how: "${how}") }`;
      const answers = [await shop.ask(fail, key), await shop.ask(fail, key)];
      expect(answers[0]?.errors).toHaveLength(1);
      expect(answers[1]).toEqual(answers[0]);
      expect(runs()).toBe(1);
    },
  );

  it('says when to try again while another process works on its key', async () => {
    jest.spyOn(store, 'begin').mockResolvedValueOnce({ kind: 'in-progress', remainingMs: 2_500 });
    const { errors } = await shop.ask(place(), key);
    expect(errors).toMatchObject([
      { extensions: { code: 'IDEMPOTENCY_KEY_IN_PROGRESS', status: 409, retryAfterSeconds: 3 } },
    ]);
  });

  it('does not run while the store is away', async () => {
    jest.spyOn(store, 'begin').mockRejectedValueOnce(new StoreUnavailableError('begin', new Error('down')));
    const { errors } = await shop.ask(place(), key);
    expect(errors).toMatchObject([
      { extensions: { code: 'IDEMPOTENCY_OUTCOME_UNKNOWN', status: 503, retryAfterSeconds: 1 } },
    ]);
    expect(runs()).toBe(0);
  });
});
