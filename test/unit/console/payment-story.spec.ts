import type { Happening } from '../../../src/console/activity';
import { PaymentStory } from '../../../src/console/page/payment-story';

type Said = [happening: Happening, process?: string];

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
const duplicate = (at: number): Happening => ({ kind: 'duplicate', key: 'k', at, from: 'store', result });
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

function storyOf(...said: (Happening | Said)[]): PaymentStory {
  const story = new PaymentStory('k');
  for (const one of said) {
    const [happening, process = 'one'] = Array.isArray(one) ? one : [one];
    story.apply(happening, process);
  }
  return story;
}

describe('the story of a payment', () => {
  it.each([
    { told: 'published', said: [published(1)], state: 'queued' },
    { told: 'started', said: [published(1), started(2)], state: 'working' },
    { told: 'charged', said: [published(1), started(2), charged(3)], state: 'charged' },
    { told: 'declined', said: [published(1), started(2), declined(3)], state: 'declined' },
    { told: 'failed and delayed', said: [started(2), released(3), delayed(3)], state: 'delayed' },
    {
      told: 'back from being delayed',
      said: [started(2), released(3), delayed(3), started(9, 2)],
      state: 'working',
    },
    { told: 'given up', said: [started(2), released(3), dead(3)], state: 'dead' },
    {
      told: 'replayed by a person',
      said: [started(2), released(3), dead(3), started(9, 2), charged(10)],
      state: 'charged',
    },
    { told: 'known by its duplicates only', said: [duplicate(1)], state: 'charged' },
  ])('is $state when it was $told', ({ said, state }) => {
    expect(storyOf(...said).state).toBe(state);
  });

  it('is the same when the publisher tells last', () => {
    const late = storyOf(started(2), charged(3), duplicate(4), published(1));
    const early = storyOf(published(1), started(2), charged(3), duplicate(4));
    expect([late.state, late.paymentId, late.episodes]).toEqual([
      early.state,
      early.paymentId,
      early.episodes,
    ]);
  });

  it('stays charged when a copy of it is delayed or a dead letter', () => {
    expect(storyOf(started(2), charged(3), delayed(4), dead(5)).state).toBe('charged');
  });

  it('stays in progress when a copy is delayed in another process', () => {
    const story = storyOf([started(2), 'one'], [delayed(3), 'two']);
    expect([story.state, story.lease?.process]).toEqual(['working', 'one']);
  });

  it('keeps the lease of the new owner when the old one learns that it lost its own', () => {
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

  it('tells equal things in a row as one, and attempts one by one', () => {
    const story = storyOf(started(1), charged(2), duplicate(3), duplicate(4), duplicate(5));
    expect(story.episodes.map(({ last, times }) => [last.kind, times])).toEqual([
      ['started', 1],
      ['finished', 1],
      ['duplicate', 3],
    ]);
  });

  it('does not grow without end', () => {
    const attempts = Array.from({ length: 500 }, (_, index) => started(index, index + 1));
    const story = storyOf(published(0), ...attempts);
    expect(story.episodes.length).toBeLessThan(100);
    expect([story.episodes[0]?.last.kind, story.attempts]).toEqual(['published', 500]);
  });
});
