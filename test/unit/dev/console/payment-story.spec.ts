import type { Happening } from '../../../../src/dev/console/activity';
import { PaymentStory } from '../../../../src/dev/console/page/payment-story';

type Reported = [happening: Happening, process?: string];

const published = (at: number): Happening => ({
  kind: 'published',
  key: 'k',
  at,
  copies: 2,
  payment: { paymentId: 'PAY-001', amount: 1, customerId: 'C' },
});
const started = (at: number, attempt = 1): Happening => ({
  kind: 'started',
  key: 'k',
  at,
  attempt,
  fencingToken: attempt,
  leaseMs: 1_000,
});
const result = { status: 'succeeded', paymentId: 'PAY-001', amountMinorUnits: 100, currency: 'USD' };
const charged = (at: number): Happening => ({ kind: 'finished', key: 'k', at, result });
const declined = (at: number): Happening => ({
  kind: 'finished',
  key: 'k',
  at,
  result: { ...result, status: 'declined', declineCode: 'lost_card' },
});
const waiting = { ...result, status: 'processing' };
const processing = (at: number): Happening => ({ kind: 'finished', key: 'k', at, result: waiting });
const succeeded = (at: number): Happening => ({ kind: 'ended', key: 'k', at, result });
const failed = (at: number): Happening => ({
  kind: 'ended',
  key: 'k',
  at,
  result: { ...result, status: 'failed', declineCode: 'account_closed' },
});
const duplicate = (at: number, its = result): Happening => ({
  kind: 'duplicate',
  key: 'k',
  at,
  from: 'store',
  result: its,
});
const delayed = (at: number): Happening => ({
  kind: 'delayed',
  key: 'k',
  at,
  delayMs: 500,
  attempts: 1,
  why: 'gateway-unavailable',
});
const released = (at: number): Happening => ({ kind: 'released', key: 'k', at });
const lost = (at: number): Happening => ({ kind: 'lease-lost', key: 'k', at });
const dead = (at: number): Happening => ({
  kind: 'dead',
  key: 'k',
  at,
  reason: 'retries-exhausted',
  detail: '500',
  attempts: 8,
});

function storyOf(...reported: (Happening | Reported)[]): PaymentStory {
  const story = new PaymentStory('k');
  for (const one of reported) {
    const [happening, process = 'one'] = Array.isArray(one) ? one : [one];
    story.apply(happening, process);
  }
  return story;
}

/** Every order of some elements. */
function ordersOf<T>(elements: readonly T[]): T[][] {
  if (elements.length === 0) return [[]];
  return elements.flatMap((one, index) =>
    ordersOf(elements.filter((_, other) => other !== index)).map((others) => [one, ...others]),
  );
}

describe('the story of a payment', () => {
  it.each([
    { case: 'published', happenings: [published(1)], state: 'queued' },
    { case: 'started', happenings: [published(1), started(2)], state: 'working' },
    { case: 'charged', happenings: [published(1), started(2), charged(3)], state: 'charged' },
    { case: 'declined', happenings: [published(1), started(2), declined(3)], state: 'declined' },
    { case: 'failed and delayed', happenings: [started(2), released(3), delayed(3)], state: 'delayed' },
    {
      case: 'started again after a delay',
      happenings: [started(2), released(3), delayed(3), started(9, 2)],
      state: 'working',
    },
    { case: 'given up', happenings: [started(2), released(3), dead(3)], state: 'dead' },
    {
      case: 'replayed by an operator',
      happenings: [started(2), released(3), dead(3), started(9, 2), charged(10)],
      state: 'charged',
    },
    { case: 'known only by its duplicates', happenings: [duplicate(1)], state: 'charged' },
    { case: 'accepted by the gateway', happenings: [started(2), processing(3)], state: 'processing' },
    { case: 'open when its duplicate came', happenings: [duplicate(1, waiting)], state: 'processing' },
    { case: 'charged later', happenings: [started(2), processing(3), succeeded(9)], state: 'charged' },
    { case: 'not paid later', happenings: [started(2), processing(3), failed(9)], state: 'failed' },
  ])('is $state if it was $case', ({ happenings, state }) => {
    expect(storyOf(...happenings).state).toBe(state);
  });

  it("is the same if the publisher's report arrives last", () => {
    const late = storyOf(started(2), charged(3), duplicate(4), published(1));
    const early = storyOf(published(1), started(2), charged(3), duplicate(4));
    expect([late.state, late.paymentId, late.episodes]).toEqual([
      early.state,
      early.paymentId,
      early.episodes,
    ]);
  });

  it('stays charged if a copy is delayed or becomes a dead letter', () => {
    expect(storyOf(started(2), charged(3), delayed(4), dead(5)).state).toBe('charged');
  });

  it('stays at the gateway if a copy is delayed or becomes a dead letter, or a late report comes', () => {
    const story = storyOf(processing(3), delayed(4), dead(5), [started(2), 'two']);
    expect([story.state, story.lease, story.delayedUntil]).toEqual(['processing', undefined, undefined]);
  });

  it('is done when it has ended, not while it is processing at the gateway', () => {
    const stories = [storyOf(processing(3)), storyOf(succeeded(9)), storyOf(failed(9)), storyOf(declined(3))];
    expect(stories.map(({ isDone }) => isDone)).toEqual([false, true, true, true]);
  });

  it.each([
    { end: succeeded(6), state: 'charged' },
    { end: failed(6), state: 'failed' },
  ])('is $state after it was processing, in whichever order the reports arrive', ({ end, state }) => {
    const all = [published(1), started(2), processing(3), duplicate(4, waiting), delayed(5), end];
    const seen = ordersOf(all).map((order) => {
      const { state: last, result: its, lease, delayedUntil, episodes } = storyOf(...order);
      return JSON.stringify([last, its, lease, delayedUntil, episodes]);
    });
    expect([seen.length, new Set(seen).size]).toEqual([720, 1]);
    expect(storyOf(...all)).toMatchObject({
      state,
      result: { status: state === 'failed' ? 'failed' : 'succeeded' },
    });
  });

  it('stays in progress if another process delays a copy', () => {
    const story = storyOf([started(2), 'one'], [delayed(3), 'two']);
    expect([story.state, story.lease?.process]).toEqual(['working', 'one']);
  });

  it('keeps the lease of the new owner when the old owner reports its lease as lost', () => {
    const story = storyOf([started(2), 'one'], [started(9, 2), 'two'], [lost(10), 'one']);
    expect(story.lease?.process).toBe('two');
  });

  it('counts deliveries, attempts and duplicates', () => {
    const { deliveries, attempts, duplicates } = storyOf(
      started(1),
      released(2),
      delayed(2),
      started(3, 2),
      charged(4),
      duplicate(5),
    );
    expect({ deliveries, attempts, duplicates }).toEqual({ deliveries: 3, attempts: 2, duplicates: 1 });
  });

  it('merges equal events in a row, but lists attempts one by one', () => {
    const story = storyOf(started(1), charged(2), duplicate(3), duplicate(4), duplicate(5));
    expect(story.episodes.map(({ last, times }) => [last.kind, times])).toEqual([
      ['started', 1],
      ['finished', 1],
      ['duplicate', 3],
    ]);
  });

  it('has a bounded length', () => {
    const attempts = Array.from({ length: 500 }, (_, index) => started(index, index + 1));
    const story = storyOf(published(0), ...attempts);
    expect(story.episodes.length).toBeLessThan(100);
    expect([story.episodes[0]?.last.kind, story.attempts]).toEqual(['published', 500]);
  });
});
