import { resolve } from 'node:path';
import type { DeadLetter } from '../support/dead-letter';
import { DeadLettersCommand } from '../support/dead-letters-command';
import { eventually } from '../support/eventually';
import { aPayment, gatewayKey } from '../support/payments';
import { rawDouble, rawList, rawNested, rawNothing, rawTable, rawText } from '../support/raw-amqp';
import type { RawEntries } from '../support/raw-amqp';
import { deadLetterQueue, keyHeader } from '../support/topology';
import { useWorld } from '../support/world';

const doubles = Array.from({ length: 5_000 }, (_, index) => rawDouble(index + 0.5));

/** All of them are valid headers in AMQP. */
const unwritable = [
  {
    what: 'a table with the key that the client uses as a type mark',
    value: rawTable([['!', rawText('timestamp')]]),
  },
  { what: 'such a table nested in a list', value: rawList([rawTable([['!', rawText('decimal')]])]) },
  {
    what: 'such a table with a value of another type',
    value: rawTable([
      ['!', rawText('int8')],
      ['value', rawText('text')],
    ]),
  },
  { what: 'thousands of doubles', value: rawList(doubles) },
  { what: 'a text of 100 kB', value: rawText('x'.repeat(100_000)) },
  {
    what: 'a table with a key named like a method that the client calls',
    value: rawTable([['hasOwnProperty', rawText('x')]]),
  },
  { what: 'twenty levels', value: rawNested(20) },
];
const header = 'x-unwritable';

describe('a header that can be read but not written', () => {
  const world = useWorld();
  let letters = new Map<unknown, DeadLetter>();

  beforeAll(async () => {
    for (const { what, value } of unwritable) {
      const headers: RawEntries = [
        [keyHeader, rawText('key-1')],
        ['x-what', rawText(what)],
        [header, value],
      ];
      await world.broker.publishRaw('not JSON', headers);
    }
    const found = await world.broker.waitForDeadLetters(unwritable.length);
    letters = new Map(found.map((letter) => [letter.headers['x-what'], letter]));
  });

  it.each(unwritable)('is dropped from the dead letter and named in its detail: $what', ({ what }) => {
    const letter = letters.get(what);
    expect(letter).toMatchObject({ reason: 'invalid-message' });
    expect(letter?.detail).toContain(`not kept: ${header}`);
    expect(Object.keys(letter?.headers ?? {})).toEqual(expect.arrayContaining([keyHeader, 'x-dropped']));
    expect(Object.keys(letter?.headers ?? {})).not.toContain(header);
  });

  it('is dropped with all other headers if the client cannot read one of them', async () => {
    await world.broker.publishRaw('not JSON', [[header, rawNested(6_000)]]);
    const found = await world.broker.waitForDeadLetters(unwritable.length + 1);
    expect(found.at(-1)).toMatchObject({
      reason: 'invalid-message',
      detail: expect.stringContaining('not kept: all headers'),
    });
  });

  it('does not prevent the next attempt of a payment', async () => {
    const payments = unwritable.map(() => aPayment());
    await world.sandbox.fault({ kind: 'error-500-unstored', times: payments.length });
    for (const [index, payment] of payments.entries())
      await world.broker.publishRaw(JSON.stringify(payment), [
        [header, unwritable[index]?.value ?? rawNothing],
      ]);
    await Promise.all(payments.map(({ idempotencyKey }) => world.service.completedPayment(idempotencyKey)));
    const charges = await Promise.all(
      payments.map((payment) => world.sandbox.chargesFor(gatewayKey(payment))),
    );
    expect(charges.map(({ length }) => length)).toEqual(payments.map(() => 1));
  });

  it('does not affect later publishes: they are confirmed', async () => {
    for (let post = 0; post < 3; post++)
      expect((await world.service.postPayment(aPayment())).status).toBe(202);
    expect(await world.broker.deadLetters()).toHaveLength(unwritable.length + 1);
  });
});

describe('a dead letter of the broker with a header that the client cannot read', () => {
  const world = useWorld({ services: 0 });

  it('can be listed by the dead-letters command', async () => {
    const service = await world.startService();
    await service.terminate();
    const payment = aPayment();
    await world.broker.publishRaw(JSON.stringify(payment), [['x-deep', rawNested(6_000)]], deadLetterQueue);
    const tool = new DeadLettersCommand(() => world.broker);
    expect(await tool.list()).toMatchObject([{ idempotencyKey: payment.idempotencyKey }]);
  });
});

describe('a publish that fails inside the client after it was counted', () => {
  const world = useWorld({ services: 0 });
  const nodeArgs = ['scripts/typescript.js', 'test/support/failing-publish.ts'].flatMap((file) => [
    '--require',
    resolve(__dirname, '../..', file),
  ]);

  it('closes only that channel: no confirm is counted for another message, and publishing continues', async () => {
    const service = await world.startService({ nodeArgs });
    const failing = aPayment({ paymentId: 'FAILS-ONCE' });
    await world.sandbox.fault({
      kind: 'error-500-unstored',
      matching: { idempotencyKey: gatewayKey(failing) },
    });
    // The publish of its delayed copy is the one that fails.
    await world.broker.publishPayment(failing);
    await eventually(() => service.output.includes('a publish failed inside the client'));
    await eventually(async () => (await service.postPayment(aPayment())).status === 202);
    await service.completedPayment(failing.idempotencyKey);
    expect(await world.sandbox.chargesFor(gatewayKey(failing))).toHaveLength(1);
    await service.untilHealthy('ready');
  });
});
