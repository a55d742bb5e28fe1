import {
  IN_PROGRESS_WAIT_MS,
  CHARGES,
  EXCHANGES,
  RECEIPTS,
  WORK_QUEUE_OPTIONS,
  queues,
  retryDelaysMs,
  retryQueue,
  workQueueBehind,
} from '../../../src/messaging/topology';

const leasesMs = [1, 100, 250, 30_000, 45_000, 60_000, 86_400_000];

describe('delays', () => {
  it.each([2_250, 30_000, 45_000, 86_400_000])(
    'include the lease of %d ms, less the wait at the handler',
    (leaseMs) => {
      expect(retryDelaysMs(leaseMs)).toContain(leaseMs - IN_PROGRESS_WAIT_MS);
    },
  );

  it.each(leasesMs)('are ascending and unique with a lease of %d ms', (leaseMs) => {
    const delaysMs = retryDelaysMs(leaseMs);
    expect(delaysMs.slice(1).every((delayMs, index) => delayMs > (delaysMs[index] ?? Infinity))).toBe(true);
  });

  it('range from a quarter of a second to a minute', () => {
    for (const leaseMs of [1_000, IN_PROGRESS_WAIT_MS, 30_000])
      expect([retryDelaysMs(leaseMs).at(0), retryDelaysMs(leaseMs).at(-1)]).toEqual([250, 60_000]);
  });
});

const withReceipts = { idempotencyLeaseMs: 7_000, smtpUrl: 'smtp://mail' };

describe('names on the wire', () => {
  const leaseMs = 7_000;
  const declared = queues(withReceipts);
  const queueNamed = (wanted: string) => declared.find(({ name }) => name === wanted);

  it('are those of the exchanges', () => {
    expect(EXCHANGES).toMatchObject([
      { name: 'payments', type: 'topic', options: { durable: true } },
      { name: 'payments.events', type: 'topic', options: { durable: true } },
      { name: 'payments.dead-letter', options: { durable: true } },
    ]);
  });

  it('are those of the queues, one retry queue for each work queue and delay', () => {
    expect(declared.map(({ name }) => name).sort()).toEqual(
      [
        'payments.charge',
        'payments.dead-letter',
        'notifications.receipt',
        ...retryDelaysMs(leaseMs).map((delayMs) => `payments.charge.retry.${delayMs}`),
        ...retryDelaysMs(leaseMs).map((delayMs) => `notifications.receipt.retry.${delayMs}`),
      ].sort(),
    );
  });

  it('do not include those of receipts if receipts are switched off', () => {
    const names = queues({ ...withReceipts, smtpUrl: '' }).map(({ name }) => name);
    expect(names.filter((name) => name.startsWith('notifications.'))).toEqual([]);
    expect(names).toEqual(expect.arrayContaining(['payments.charge', 'payments.dead-letter']));
  });

  it.each([
    { name: 'payments.charge', exchange: 'payments', routingKey: 'payment.requested' },
    { name: 'notifications.receipt', exchange: 'payments.events', routingKey: 'payment.succeeded' },
  ])('bind $name to $exchange by $routingKey', ({ name, exchange, routingKey }) => {
    expect(queueNamed(name)).toMatchObject({ exchange, routingKey });
  });
});

describe('the work queue behind a routing key', () => {
  it.each([
    { routingKey: 'payment.requested', queue: CHARGES },
    { routingKey: 'payments.charge', queue: CHARGES },
    { routingKey: 'payment.succeeded', queue: RECEIPTS },
    { routingKey: 'notifications.receipt', queue: RECEIPTS },
    { routingKey: 'payments.dead-letter', queue: undefined },
    { routingKey: 7, queue: undefined },
    { routingKey: undefined, queue: undefined },
  ])('is found, also for copies from a retry queue: $routingKey', ({ routingKey, queue }) => {
    expect(workQueueBehind(routingKey)).toBe(queue);
  });
});

describe('no message is lost', () => {
  const declared = queues(withReceipts);

  it('because every queue is a durable quorum queue', () => {
    const durableQuorum = {
      durable: true,
      arguments: expect.objectContaining({ 'x-queue-type': 'quorum' }),
    };
    expect(declared.map(({ options }) => options)).toEqual(declared.map(() => durableQuorum));
  });

  it.each([CHARGES, RECEIPTS])('because the retry queues of $name return delayed copies', (queue) => {
    expect(declared.find(({ name }) => name === retryQueue(queue, 5_000))?.options?.arguments).toEqual({
      'x-queue-type': 'quorum',
      'x-message-ttl': 5_000,
      'x-dead-letter-exchange': '',
      'x-dead-letter-routing-key': queue.name,
      'x-dead-letter-strategy': 'at-least-once',
      'x-overflow': 'reject-publish',
    });
  });

  it('because a message that is redelivered too often goes to the dead letters', () => {
    expect(WORK_QUEUE_OPTIONS.arguments).toEqual({
      'x-queue-type': 'quorum',
      'x-delivery-limit': 20,
      'x-dead-letter-exchange': 'payments.dead-letter',
      'x-dead-letter-strategy': 'at-least-once',
      'x-overflow': 'reject-publish',
    });
  });
});
