import { randomUUID } from 'node:crypto';
import { Bank } from '../support/bank';
import { eventually } from '../support/eventually';
import { OutboxBroker } from '../support/outbox-broker';
import { EffectsDatabase } from '../support/transactional-engine';
import { waitingMessages } from '../support/waiting-messages';

describe('an application with a relay as the option outbox', () => {
  let database: EffectsDatabase;
  let broker: OutboxBroker;
  const banks: Bank[] = [];
  const open = async () => {
    const bank = await Bank.open(broker.url, database);
    banks.push(bank);
    return bank;
  };

  beforeAll(async () => {
    [database, broker] = await Promise.all([EffectsDatabase.create(), OutboxBroker.open()]);
  });
  afterAll(async () => {
    await Promise.all(banks.map((bank) => bank.close()));
    await broker.close();
    await database.remove();
  });

  it('publishes from its start to its end, and its receivers deduplicate by the key', async () => {
    const bank = await open();
    await bank.send(randomUUID(), 100, 3);
    await bank.send(randomUUID(), 200, 3);
    await eventually(async () => (await database.effectsOf('booked')) === 2);
    expect(await database.effectsOf('requested')).toBe(2);
    const { idempotency } = bank;
    await bank.close();

    const key = randomUUID();
    await idempotency.run(key, (context) => context.publish('bank', 'transfer.booked', { amount: 300 }), {
      scope: 'late',
      transaction: true,
    });
    await open();
    await eventually(async () => (await database.effectsOf('booked')) === 3);
    await eventually(async () => (await waitingMessages(database.own.pool, key)).length === 0);
  });
});
