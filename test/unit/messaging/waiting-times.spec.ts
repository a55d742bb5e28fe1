import type { QueuePause, QueuePauses } from '../../../src/redis/queue-pauses';
import { StoreUnavailableError } from 'nestjs-idempotent';
import { delayedSince } from '../../../src/messaging/message-headers';
import { CHARGES, RECEIPTS } from '../../../src/messaging/topology';
import { WaitingTimes } from '../../../src/messaging/waiting-times';
import { aMessage } from './a-message';

const at = (minute: number) => new Date(Date.UTC(2026, 0, 1, 12, minute));
const seconds = (instant: Date) => instant.getTime() / 1000;

/** A copy that came back from a retry queue, as the broker says. */
function delayedCopy({
  since = at(10).toISOString() as unknown,
  from = 'payments.charge.retry.5000',
  made = at(0),
}) {
  const headers = { 'x-waiting-since': since, 'x-death': [{ queue: from, reason: 'expired' }] as never };
  return aMessage({ properties: { headers, timestamp: seconds(made) } });
}

const undelivered = (made: Date) => aMessage({ properties: { headers: {}, timestamp: seconds(made) } });

/** Pauses of queues in memory; `fails` says when Redis does not answer. */
function waiting(...found: QueuePause[]) {
  const written: { queue: string; since: Date }[] = [];
  const state = { fails: false };
  const whileUp = <T>(answer: T) =>
    state.fails ? Promise.reject(new Error('gone')) : Promise.resolve(answer);
  const pauses = {
    lasts: (queue: string, since: Date) =>
      whileUp(undefined).then(() => {
        written.push({ queue, since });
      }),
    findSince: (_queue: string, instant: Date) => whileUp(found.filter(({ until }) => until >= instant)),
  } as unknown as QueuePauses;
  return { times: new WaitingTimes(pauses), written, state };
}

describe('a copy that was delayed', () => {
  it('has waited since its first delay', () => {
    expect(delayedSince(delayedCopy({}), CHARGES)).toEqual(at(10));
  });

  it.each([
    {
      what: 'a sender who wrote the header',
      message: aMessage({ properties: { headers: { 'x-waiting-since': at(1).toISOString() } } }),
    },
    {
      what: 'a retry queue of another work queue',
      message: delayedCopy({ from: 'notifications.receipt.retry.5000' }),
    },
    { what: 'a queue that is not a retry queue', message: delayedCopy({ from: 'payments.charge' }) },
    { what: 'a header that is not a time', message: delayedCopy({ since: 'yesterday' }) },
    { what: 'a header of another type', message: delayedCopy({ since: 5 }) },
    { what: 'no headers', message: aMessage({}) },
  ])('is not recognised by $what', ({ message }) => {
    expect(delayedSince(message, CHARGES)).toBeUndefined();
  });
});

describe('a message that was in its queue while consumption was paused', () => {
  const now = at(59);
  const pause = { since: at(5), until: at(50) };

  beforeEach(() => jest.useFakeTimers({ now }));
  afterEach(() => jest.useRealTimers());

  it('has waited for the whole pause if it was published before', async () => {
    expect(await waiting(pause).times.since(undelivered(at(0)), CHARGES)).toEqual(at(59 - 45));
  });

  it('has waited from its publish to the end of the pause if it was published during the pause', async () => {
    expect(await waiting(pause).times.since(undelivered(at(20)), CHARGES)).toEqual(at(59 - 30));
  });

  it('has not waited if it was published after the pause', async () => {
    expect(await waiting(pause).times.since(undelivered(at(51)), CHARGES)).toBeUndefined();
  });

  it('has waited for the sum of several pauses, without the time between them', async () => {
    const pauses = [
      { since: at(40), until: at(43) },
      { since: at(10), until: at(12) },
    ];
    expect(await waiting(...pauses).times.since(undelivered(at(0)), CHARGES)).toEqual(at(59 - 5));
  });

  it('has waited once for a pause that two processes stored', async () => {
    const pauses = [pause, { since: at(10), until: at(30) }, { since: at(45), until: at(52) }];
    expect(await waiting(...pauses).times.since(undelivered(at(0)), CHARGES)).toEqual(at(59 - 47));
  });

  it('and was then delayed has waited since its first delay, plus the pause before that', async () => {
    expect(await waiting({ since: at(5), until: at(8) }).times.since(delayedCopy({}), CHARGES)).toEqual(
      at(7),
    );
    expect(await waiting({ since: at(20), until: at(30) }).times.since(delayedCopy({}), CHARGES)).toEqual(
      at(10),
    );
  });

  it('has not waited if there was no pause', async () => {
    expect(await waiting().times.since(undelivered(at(0)), CHARGES)).toBeUndefined();
  });

  it('gets no answer while Redis is unavailable', async () => {
    const { times, state } = waiting();
    state.fails = true;
    await expect(times.since(undelivered(at(0)), CHARGES)).rejects.toBeInstanceOf(StoreUnavailableError);
  });
});

describe('a pause that is remembered', () => {
  const lasting = { reason: 'why', queue: CHARGES, isOver: async () => false };

  it('is stored with its start at each check', async () => {
    const { times, written } = waiting();
    const before = Date.now();
    const pause = times.remembered(lasting);
    const after = Date.now();
    expect([await pause.isOver(), await pause.isOver()]).toEqual([false, false]);
    expect(written.map(({ queue }) => queue)).toEqual(['payments.charge', 'payments.charge']);
    for (const { since } of written) {
      expect(since.getTime()).toBeGreaterThanOrEqual(before);
      expect(since.getTime()).toBeLessThanOrEqual(after);
    }
  });

  it('is not stored before the first check', () => {
    const { times, written } = waiting();
    times.remembered(lasting);
    expect(written).toEqual([]);
  });

  it('is stored for each queue if it is of all queues', async () => {
    const { times, written } = waiting();
    await times.remembered({ reason: 'why', isOver: async () => true }).isOver();
    expect(written.map(({ queue }) => queue)).toEqual([CHARGES, RECEIPTS].map(({ name }) => name));
  });

  it('lasts until its end could be stored', async () => {
    const { times, state } = waiting();
    state.fails = true;
    const pause = times.remembered({ reason: 'why', queue: CHARGES, isOver: async () => true });
    await expect(pause.isOver()).rejects.toThrow('gone');
    state.fails = false;
    expect(await pause.isOver()).toBe(true);
  });
});
