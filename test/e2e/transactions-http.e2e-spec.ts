import { randomUUID } from 'node:crypto';
import { Body, Controller, Post, type INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { IdempotencyContext, IdempotencyModule, Idempotent, type Transactions } from 'nestjs-idempotent';
import { EffectsDatabase } from '../support/transactional-engine';

const REFUSED = `DO $$ BEGIN RAISE SQLSTATE '40001'; END $$`;

/** Calls of the handler, and how many of them the database refuses. */
const calls = { made: 0, refused: 0 };

@Controller('effects')
class EffectsController {
  @Post()
  @Idempotent({ scope: 'effects', transaction: true })
  async insert(@Body() { value }: { value: number }, @IdempotencyContext() context: IdempotencyContext) {
    const { key, transaction } = context;
    calls.made++;
    await transaction.query('INSERT INTO effects VALUES ($1, $2)', [key, value]);
    if (calls.made <= calls.refused) await transaction.query(REFUSED);
    return { value, call: calls.made };
  }
}

let database: EffectsDatabase;
let app: INestApplication;
/** A statement that is sent before COMMIT, once. */
let beforeCommit: string | undefined;
let key: string;

beforeAll(async () => {
  database = await EffectsDatabase.create();
  const { store } = database;
  const transactions: Transactions = {
    run: (work) =>
      database.transactions.run(async (transaction) => {
        const result = await work(transaction);
        const statement = beforeCommit;
        beforeCommit = undefined;
        if (statement !== undefined) await transaction.query(statement);
        return result;
      }),
  };
  const module = await Test.createTestingModule({
    imports: [IdempotencyModule.forRoot({ store, transactions, ttlSeconds: 600, leaseMs: 30_000 })],
    controllers: [EffectsController],
  }).compile();
  app = module.createNestApplication({ logger: false });
  await app.listen(0, '127.0.0.1');
});
beforeEach(() => {
  key = randomUUID();
  calls.made = 0;
  calls.refused = 0;
  beforeCommit = undefined;
});
afterAll(async () => {
  await app.close();
  await database.remove();
});

async function post(): Promise<[status: number, body: unknown]> {
  const answer = await fetch(`${await app.getUrl()}/effects`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': key },
    body: JSON.stringify({ value: 1 }),
  });
  return [answer.status, await answer.json()];
}

describe('an HTTP route in a transaction', () => {
  it('is answered when the transaction is committed, and a duplicate gets the same', async () => {
    expect([await post(), await post()]).toEqual([
      [201, { value: 1, call: 1 }],
      [201, { value: 1, call: 1 }],
    ]);
    expect(await database.effectsOf(key)).toBe(1);
  });

  it('answers with its last call if the database refused the earlier ones', async () => {
    calls.refused = 2;
    expect([await post(), await post()]).toEqual([
      [201, { value: 1, call: 3 }],
      [201, { value: 1, call: 3 }],
    ]);
    expect(await database.effectsOf(key)).toBe(1);
  });

  it('answers with the error if the database refused all calls', async () => {
    calls.refused = 5;
    expect((await post())[0]).toBe(500);
    expect(await post()).toEqual([201, { value: 1, call: 6 }]);
    expect(await database.effectsOf(key)).toBe(1);
  });

  it.each([
    { what: 'an error', statement: 'SELECT * FROM no_such_table' },
    { what: 'a serialization failure', statement: REFUSED },
  ])(
    'asks for the same request again if COMMIT ended in $what: its answer is not true',
    async ({ statement }) => {
      beforeCommit = statement;
      expect(await post()).toEqual([503, expect.objectContaining({ code: expect.any(String) })]);
      expect(await database.effectsOf(key)).toBe(0);
      expect((await post())[0]).toBe(201);
      expect(await database.effectsOf(key)).toBe(1);
    },
  );
});
