import { randomUUID } from 'node:crypto';
import { eventually } from '../../../../test/support/eventually';
import { MemoryIdempotencyStore, StoreUnavailableError, type BeginReply, type BeginRequest } from '../../src';
import { KINDS, type KindName } from './kinds';
import type { Order, Orders } from './orders';
import { SITUATIONS, SITUATION_NAMES, type Observed, type Settlement, type Situation } from './situations';

/** The scope of all handlers of the table; each application has a store of its own. */
export const SCOPE = 'orders';

/** What the sender of one request sees of it. */
export interface Sent {
  readonly caller: readonly string[];
  readonly message?: Settlement;
}

/** An application with one decorated handler of one kind, and a client of it. */
export interface Driver {
  readonly orders: Orders;
  readonly store: TableStore;
  /** Resolves when the caller has its answer and the message is settled. */
  send(order: Order, key: string | undefined): Promise<Sent>;
  close(): Promise<void>;
}

/** A memory store that can be away for the requests of one key. */
export class TableStore extends MemoryIdempotencyStore {
  private readonly awayFor = new Set<string>();

  leave(key: string): void {
    this.awayFor.add(key);
  }

  override async begin(request: BeginRequest): Promise<BeginReply> {
    if (this.awayFor.has(request.key)) throw new StoreUnavailableError('begin', new Error('no connection'));
    return super.begin(request);
  }
}

/** Goes through the rows of each kind. */
export function describeTable(drivers: Readonly<Partial<Record<KindName, () => Promise<Driver>>>>): void {
  describe.each(Object.entries(drivers))('%s', (name, open) => {
    let driver: Driver;

    beforeAll(async () => {
      driver = await open();
    });
    afterAll(async () => {
      await driver.close();
    });

    it.each(SITUATION_NAMES)('%s', async (situation) => {
      const { caller, message } = KINDS[name as KindName].rows[situation];
      const { runs, stored } = SITUATIONS[situation];
      const expected: Observed = { caller, message, runs, stored };
      expect(await observe(driver, situation)).toEqual(expected);
    });
  });
}

async function observe(driver: Driver, situation: Situation): Promise<Observed> {
  const key = randomUUID();
  const order = { id: randomUUID(), quantity: 1 };
  const { caller, message } = await sendIn(situation, driver, { key, order });
  return { caller, message, runs: driver.orders.runsOf(order.id), stored: await storedUnder(key, driver) };
}

/** Brings the situation about, and sends the request that it is about. */
async function sendIn(
  situation: Situation,
  driver: Driver,
  { key, order }: { readonly key: string; readonly order: Order },
): Promise<Sent> {
  const { store } = driver;
  switch (situation) {
    case 'new':
      return driver.send(order, key);
    case 'replay':
      await driver.send(order, key);
      return driver.send(order, key);
    case 'running here':
      return sendTwice(driver, { key, order });
    case 'running elsewhere':
      await store.begin({
        scope: SCOPE,
        key,
        ownerToken: 'another process',
        leaseMs: 30_000,
        ttlSeconds: 60,
        fingerprint: undefined,
        requestedAt: undefined,
      });
      return driver.send(order, key);
    case 'mismatch':
      await driver.send(order, key);
      return driver.send({ ...order, quantity: 2 }, key);
    case 'error':
      return driver.send({ ...order, end: 'throws' }, key);
    case 'remembered error':
      await driver.send({ ...order, end: 'refuses' }, key);
      return driver.send({ ...order, end: 'refuses' }, key);
    case 'invalid input':
      return driver.send({ ...order, quantity: 0 }, key);
    case 'missing key':
      return driver.send(order, undefined);
    case 'store away':
      store.leave(key);
      return driver.send(order, key);
    default:
      return situation satisfies never;
  }
}

async function sendTwice(
  driver: Driver,
  { key, order }: { readonly key: string; readonly order: Order },
): Promise<Sent> {
  const { orders } = driver;
  const release = orders.hold();
  const first = driver.send(order, key);
  await eventually(() => orders.runsOf(order.id) === 1, { everyMs: 2 });
  const duplicate = driver.send(order, key);
  await eventually(() => orders.arrivalsOf(order.id) === 2, { everyMs: 2 });
  release();
  await first;
  return duplicate;
}

async function storedUnder(key: string, { store }: Driver): Promise<Observed['stored']> {
  const { record, countedAttempts } = await store.find({ scope: SCOPE, key });
  if (record) return 'answer';
  return countedAttempts > 0 ? 'attempt' : 'nothing';
}
