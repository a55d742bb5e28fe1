import type { QueuePause, QueuePauses } from '../../../src/redis/queue-pauses';
import { StoreUnavailableError } from '../../../src/idempotency';
import { delayedSince } from '../../../src/messaging/message-history';
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
function waiting(pause?: QueuePause) {
  const calls: string[] = [];
  const state = { fails: false };
  const call = (name: string) => {
    calls.push(name);
    return state.fails ? Promise.reject(new Error('gone')) : Promise.resolve();
  };
  const pauses = {
    lasts: (queue: string) => call(`lasts ${queue}`),
    ended: (queue: string) => call(`ended ${queue}`),
    find: () => call('find').then(() => pause),
  } as unknown as QueuePauses;
  return { times: new WaitingTimes(pauses), calls, state };
}

describe('a copy that was delayed', () => {
  it('has waited since it was delayed first', () => {
    expect(delayedSince(delayedCopy({}), CHARGES)).toEqual(at(10));
  });

  it.each([
    {
      what: 'a sender who wrote the header himself',
      message: aMessage({ properties: { headers: { 'x-waiting-since': at(1).toISOString() } } }),
    },
    {
      what: 'a retry queue of another work queue',
      message: delayedCopy({ from: 'notifications.receipt.retry.5000' }),
    },
    { what: 'a queue of others', message: delayedCopy({ from: 'payments.charge' }) },
    { what: 'a header that is not a time', message: delayedCopy({ since: 'yesterday' }) },
    { what: 'a header of another type', message: delayedCopy({ since: 5 }) },
    { what: 'no headers', message: aMessage({}) },
  ])('is not believed from $what', ({ message }) => {
    expect(delayedSince(message, CHARGES)).toBeUndefined();
  });
});

describe('a message that sat in its queue while consumption was paused', () => {
  const pause = { since: at(5), until: at(50) };

  it('has waited since the pause began, if it was there before', async () => {
    expect(await waiting(pause).times.since(undelivered(at(0)), CHARGES)).toEqual(at(5));
  });

  it('has waited since it was made, if that was during the pause', async () => {
    expect(await waiting(pause).times.since(undelivered(at(20)), CHARGES)).toEqual(at(20));
  });

  it('has not waited if it was made after the pause', async () => {
    expect(await waiting(pause).times.since(undelivered(at(51)), CHARGES)).toBeUndefined();
  });

  it('has waited, too, when the process died in the pause', async () => {
    const open = { since: at(5), until: undefined };
    expect(await waiting(open).times.since(undelivered(at(0)), CHARGES)).toEqual(at(5));
  });

  it('and was delayed afterwards has waited since the earlier of the two', async () => {
    expect(await waiting(pause).times.since(delayedCopy({}), CHARGES)).toEqual(at(5));
    const late = { since: at(20), until: undefined };
    expect(await waiting(late).times.since(delayedCopy({}), CHARGES)).toEqual(at(10));
  });

  it('has not waited where there was no pause', async () => {
    expect(await waiting().times.since(undelivered(at(0)), CHARGES)).toBeUndefined();
  });

  it('is not judged while Redis does not say', async () => {
    const { times, state } = waiting();
    state.fails = true;
    await expect(times.since(undelivered(at(0)), CHARGES)).rejects.toBeInstanceOf(StoreUnavailableError);
  });
});

describe('a pause that is remembered', () => {
  it('is so from its first moment, at each look, and when it ends', async () => {
    const { times, calls } = waiting();
    const answers = [false, true];
    const pause = times.remembered({
      reason: 'why',
      queue: CHARGES,
      isOver: async () => answers.shift() ?? true,
    });
    expect([await pause.isOver(), await pause.isOver()]).toEqual([false, true]);
    expect(calls).toEqual(['lasts payments.charge', 'lasts payments.charge', 'ended payments.charge']);
  });

  it('of all queues is so for each of them', () => {
    const { times, calls } = waiting();
    times.remembered({ reason: 'why', isOver: async () => true });
    expect(calls).toEqual([CHARGES, RECEIPTS].map(({ name }) => `lasts ${name}`));
  });

  it('goes on until its end could be written down', async () => {
    const { times, state } = waiting();
    state.fails = true;
    const pause = times.remembered({ reason: 'why', queue: CHARGES, isOver: async () => true });
    await expect(pause.isOver()).rejects.toThrow('gone');
    state.fails = false;
    expect(await pause.isOver()).toBe(true);
  });
});
