import { randomUUID } from 'node:crypto';
import { Controller, Injectable, Post } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { IdempotencyModule, Idempotent } from 'nestjs-idempotent';
import { PostgresIdempotencyStore } from 'nestjs-idempotent/postgres';
import { ownDatabase, type OwnDatabase } from '../support/postgres-pool';
import { aBegin, aRecord, finish } from '../support/store-steps';

let database: OwnDatabase;
let store: PostgresIdempotencyStore;

beforeAll(async () => {
  database = await ownDatabase();
  store = new PostgresIdempotencyStore(database.pool);
  await store.migrate();
});
afterAll(() => database.remove());

/** Texts that people, file systems or databases take for the same. */
const LOOKALIKES = [
  'key',
  'KEY',
  'Key',
  'key ',
  ' key',
  'key\t',
  '\u00e9',
  'e\u0301',
  '\u212b',
  '\u00c5',
  'ß',
  'ss',
  '',
];

describe('names that look alike', () => {
  async function expectDifferent(own: PostgresIdempotencyStore): Promise<void> {
    for (const name of LOOKALIKES) {
      const request = aBegin(name, { scope: 'alike' });
      const inScope = aBegin('same', { scope: `alike ${name}` });
      for (const one of [request, inScope]) {
        expect(await own.begin(one)).toMatchObject({ kind: 'acquired' });
        expect(await own.complete({ ...one, record: aRecord({ result: name }) })).toEqual({ kind: 'stored' });
      }
    }
    for (const name of LOOKALIKES) {
      expect(await own.find({ scope: 'alike', key: name })).toMatchObject({ record: { result: name } });
      expect(await own.find({ scope: `alike ${name}`, key: 'same' })).toMatchObject({
        record: { result: name },
      });
    }
  }

  it('are different keys and scopes', () => expectDifferent(store));

  it('are different in a database whose collation ignores case', async () => {
    const { rows } = await database.pool.query<{ version: number; icu: boolean }>(
      `SELECT current_setting('server_version_num')::integer AS version,
        EXISTS (SELECT FROM pg_collation WHERE collprovider = 'i') AS icu`,
    );
    const [server] = rows;
    if (!server?.icu || server.version < 150_000)
      return console.warn(
        'not tested: this PostgreSQL has no databases with ICU collations (15 or newer has)',
      );
    const own = await ownDatabase(
      "TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'und-u-ks-level2' LOCALE 'C'",
    );
    const other = new PostgresIdempotencyStore(own.pool);
    await other.migrate();
    await expectDifferent(other);
    await own.remove();
  });
});

/** Texts of a kind that does not compress: an entry of an index has a limit of size after its compression. */
const LONGEST_SCOPE = 'A9z-'.repeat(16);
const LONGEST_TENANT = Array.from({ length: 255 }, (_, at) =>
  String.fromCharCode(0x4e00 + ((at * 7919) % 20_000)),
).join('');
const LONGEST_KEY = Array.from({ length: 255 }, (_, at) =>
  String.fromCharCode(0x21 + ((at * at * 31) % 94)),
).join('');

let charges = 0;

@Controller()
@Injectable()
class Charges {
  @Post('charges')
  @Idempotent({ scope: LONGEST_SCOPE, tenant: () => LONGEST_TENANT })
  charge() {
    return { number: ++charges };
  }
}

describe('the longest names that the engine makes', () => {
  it('are replayed: a scope of 64 characters, a tenant of 255 that take 9 bytes each, a key of 255', async () => {
    class Application {}
    const application = await NestFactory.create(
      {
        module: Application,
        imports: [IdempotencyModule.forRoot({ store, ttlSeconds: 600, leaseMs: 60_000 })],
        controllers: [Charges],
      },
      { logger: false },
    );
    await application.listen(0, '127.0.0.1');
    const charge = async () => {
      const headers = { 'Idempotency-Key': LONGEST_KEY };
      const response = await fetch(`${await application.getUrl()}/charges`, { method: 'POST', headers });
      return { status: response.status, body: await response.json() };
    };
    expect([await charge(), await charge()]).toEqual([
      { status: 201, body: { number: 1 } },
      { status: 201, body: { number: 1 } },
    ]);
    const { rows } = await database.pool.query(
      'SELECT octet_length(scope) AS scope, octet_length(key) AS key FROM idempotency_keys ORDER BY 1 DESC LIMIT 1',
    );
    expect(rows).toEqual([{ scope: 255 * 9 + 1 + 64, key: 255 }]);
    await application.close();
  });

  it('are said to be too long beyond that', async () => {
    const long = Array.from({ length: 100 }, () => randomUUID()).join('');
    await expect(finish(store, long)).rejects.toThrow(/index row size.*; scope and key are too long/);
  });
});
