import { randomUUID } from 'node:crypto';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import type { IdempotencyContext } from 'nestjs-idempotent';
import { pgTransactions, PostgresIdempotencyStore } from 'nestjs-idempotent/postgres';
import type { Pool } from 'pg';
import { eventually } from '../support/eventually';
import { poolAt } from '../support/postgres-pool';
import { EffectsDatabase } from '../support/transactional-engine';

let database: EffectsDatabase;

beforeAll(async () => {
  database = await EffectsDatabase.create();
});
afterAll(() => database.remove());

/** Between a pool and the server; what the server sends is held back, and then arrives all at once. */
class Relay {
  readonly pool: Pool;
  /** By which the server knows the sessions of this relay. */
  private readonly name = randomUUID();
  private readonly sockets: Socket[] = [];
  private held: Buffer[] = [];
  private client: Socket | undefined;

  private constructor(
    private readonly server: ReturnType<typeof createServer>,
    url: URL,
  ) {
    this.pool = poolAt(url.href, { max: 1, application_name: this.name });
  }

  static async open(): Promise<Relay> {
    const url = new URL(database.own.url);
    const target = { host: url.hostname, port: Number(url.port) };
    const server = createServer();
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    url.port = String((server.address() as AddressInfo).port);
    const relay = new Relay(server, url);
    server.on('connection', (client) => {
      const upstream = connect(target);
      relay.client = client;
      relay.sockets.push(client, upstream);
      client.pipe(upstream);
      upstream.on('data', (bytes: Buffer) => relay.held.push(bytes));
    });
    return relay;
  }

  /** Ends the session as soon as the server has opened it. */
  async endSession(): Promise<void> {
    const { pool } = database.own;
    const sessions = async () => {
      const found = 'SELECT pid FROM pg_stat_activity WHERE application_name = $1';
      return (await pool.query<{ pid: number }>(found, [this.name])).rows;
    };
    await eventually(async () => this.held.length > 0 && (await sessions()).length > 0);
    await pool.query('SELECT pg_terminate_backend($1)', [(await sessions())[0]?.pid]);
    await eventually(async () => (await sessions()).length === 0);
  }

  deliver(): void {
    this.client?.write(Buffer.concat(this.held));
    this.held = [];
    for (const socket of this.sockets) socket.end();
  }

  async close(): Promise<void> {
    await this.pool.end();
    for (const socket of this.sockets) socket.destroy();
    await new Promise((closed) => this.server.close(closed));
  }
}

describe('a session that the server ends as soon as it is open', () => {
  let relay: Relay;

  beforeEach(async () => {
    relay = await Relay.open();
  });
  afterEach(() => relay.close());

  it('does not end the process of work: its transaction is not opened', async () => {
    const { service } = database.engine({ transactions: pgTransactions(relay.pool) });
    const key = randomUUID();
    const insert = ({ transaction }: IdempotencyContext) =>
      transaction.query('INSERT INTO effects VALUES ($1, 1)', [key]);
    const run = service.run(key, insert, { scope: 'transfer', transaction: true });
    // The driver has more than one message for it.
    const rejected = expect(run).rejects.toThrow("the idempotency store did not confirm 'begin'");
    await relay.endSession();
    relay.deliver();
    await rejected;
    expect(await service.find({ scope: 'transfer', key })).toMatchObject({ attempts: 1, countedAttempts: 0 });
    expect(await database.effectsOf(key)).toBe(0);
  });

  it('does not end the process of migrate()', async () => {
    const migrated = new PostgresIdempotencyStore(relay.pool).migrate();
    const rejected = expect(migrated).rejects.toThrow();
    await relay.endSession();
    relay.deliver();
    await rejected;
  });
});
