import type { Failure, IdempotencyService } from 'nestjs-idempotent';
import type { Consumption, Pause } from '../../../src/messaging/consumption';
import {
  deadLetter,
  delayAtLeast,
  tryAgain,
  type Decision,
  type Disposition,
} from '../../../src/messaging/disposition';
import { MessageEvents, type MessageEvent } from '../../../src/messaging/message-events';
import type { MessageMetrics } from '../../../src/messaging/message.metrics';
import { MessagePipeline } from '../../../src/messaging/message.pipeline';
import { MessagesInFlight } from '../../../src/messaging/messages-in-flight';
import type { PublisherClocks } from '../../../src/messaging/publisher-clocks';
import type { QueuePolicy } from '../../../src/messaging/queue-policy';
import type { Settlement } from '../../../src/messaging/settlement';
import { CHARGES, retryDelaysMs } from '../../../src/messaging/topology';
import type { WaitingTimes } from '../../../src/messaging/waiting-times';
import { aMessage } from './a-message';

const failed = { kind: 'failed', code: 'work-failed', error: 'why', attempt: 1 } as const;
const claimed = { scope: 'payment', key: 'abc-123' };
const uncounted: Decision = {
  disposition: { kind: 'delay', reason: 'gateway-unauthorized', delayMs: 5_000, attempts: 0 },
  counts: false,
  pause: 'gateway',
};

/** Processes a message under a policy that always decides the same, with fakes of broker and store. */
async function processing(
  decision: Decision,
  {
    found,
    settled,
    failure = failed,
    more = {},
  }: { found?: unknown; settled?: Disposition; failure?: Failure; more?: Partial<QueuePolicy> } = {},
) {
  const message = aMessage({});
  const pauses: Pause[] = [];
  const emitted: MessageEvent[] = [];
  const outcomes: string[] = [];
  const events = new MessageEvents();
  events.on((event) => emitted.push(event));
  const pipeline = new MessagePipeline(
    { lookAgain: () => Promise.resolve(found) } as unknown as IdempotencyService,
    { pause: (pause: Pause) => pauses.push(pause) } as unknown as Consumption,
    {
      settle: ({ disposition }: { disposition: Disposition }) => Promise.resolve(settled ?? disposition),
    } as unknown as Settlement,
    { remembered: (pause: Pause) => pause } as unknown as WaitingTimes,
    {
      startAtZero: () => undefined,
      settled: () => undefined,
      started: () => (outcome: string) => outcomes.push(outcome),
    } as unknown as MessageMetrics,
    { watch: () => undefined } as unknown as PublisherClocks,
    events,
    new MessagesInFlight(),
  );
  const policy: QueuePolicy = {
    queue: CHARGES,
    noun: 'Payment',
    reasons: { delay: [], deadLetter: [] },
    maxAttempts: 8,
    pauses: { gateway: { reason: 'the gateway refuses our key', isOver: () => Promise.resolve(true) } },
    describe: () => ({ fields: {}, attributes: {} }),
    decide: () => decision,
    ...more,
  };
  pipeline.use(policy);
  const execution = {
    getType: () => 'rmq',
    getArgs: () => [{}, message],
    getHandler: () => processing,
  } as never;
  const answers: string[] = [];
  await pipeline.process(execution, { queue: CHARGES.name, message, body: {} }, async () => {
    answers.push(await pipeline.handle(message, failure, claimed));
  });
  return { pipeline, message, pauses, emitted, outcomes, answers };
}

const attempt = { error: 'why', attempt: 1 };
const history = { attempts: 0, attemptsBeforeReplay: 0 };
const again = tryAgain(failed, history, {
  maxAttempts: 8,
  random: () => 1,
  reason: 'attempt-failed',
  retryAfterMs: 120_000,
});

describe('a message that was not processed', () => {
  it('is settled as its policy decides, with an event for the console', async () => {
    const { answers, outcomes, emitted, pauses } = await processing(again);
    expect([answers, outcomes, pauses]).toEqual([['settled'], ['delayed'], []]);
    expect(emitted).toMatchObject([{ kind: 'settled', queue: CHARGES.name, key: 'abc-123' }]);
  });

  it('pauses its queue if the policy asks for that', async () => {
    const { pauses } = await processing(uncounted);
    expect(pauses).toMatchObject([{ reason: 'the gateway refuses our key', queue: CHARGES }]);
  });

  it('is acknowledged as a duplicate if another copy succeeded meanwhile', async () => {
    const found = { kind: 'replayed', result: 1 };
    const { answers, outcomes, emitted } = await processing(deadLetter('retries-exhausted', 'why', 8), {
      found,
    });
    expect([answers, outcomes, emitted]).toEqual([['settled'], ['duplicate'], []]);
  });

  it('is requeued if its replacement was not confirmed before the process stops', async () => {
    const { answers, outcomes, emitted } = await processing(again, { settled: { kind: 'requeue' } });
    expect([answers, outcomes, emitted]).toEqual([['requeue'], ['requeued'], []]);
  });
});

describe('a message that its policy may know although the store does not', () => {
  const failure = { kind: 'failed', code: 'outside-deduplication-window' } as const;
  const dead = deadLetter('outside-deduplication-window', 'why', 1);

  it('is acknowledged as a duplicate if the policy has the answer', async () => {
    const recall = () => Promise.resolve('answered' as const);
    const { answers, outcomes, emitted } = await processing(dead, { failure, more: { recall } });
    expect([answers, outcomes, emitted]).toEqual([['settled'], ['duplicate'], []]);
  });

  it('is settled as decided if the policy does not know it either', async () => {
    const { outcomes } = await processing(dead, { failure, more: { recall: async () => undefined } });
    expect(outcomes).toEqual(['dead-lettered']);
  });

  it('is decided about again if the policy cannot find out', async () => {
    const seen: Failure[] = [];
    const decide = (next: Failure) => {
      seen.push(next);
      return next === failure ? dead : again;
    };
    const error = new Error('gone');
    const recall = () => Promise.reject(error);
    const { outcomes } = await processing(dead, { failure, more: { recall, decide } });
    expect([outcomes, seen.at(-1)]).toEqual([['delayed'], { ...failed, error, attempt: 0 }]);
  });

  it('is not asked about if it is not too old', async () => {
    const recall = () => Promise.resolve('answered' as const);
    expect((await processing(dead, { more: { recall } })).outcomes).toEqual(['dead-lettered']);
  });
});

describe('what a policy does before a message is settled', () => {
  it('comes first: nothing is settled as decided if it fails', async () => {
    const error = new Error('gone');
    const decide = (next: Failure) => ('error' in next && next.error === error ? uncounted : again);
    const beforeSettled = () => Promise.reject(error);
    const { emitted, pauses } = await processing(again, { more: { beforeSettled, decide } });
    expect(emitted).toMatchObject([{ disposition: uncounted.disposition }]);
    expect(pauses).toHaveLength(1);
  });

  it('gets the key and the disposition', async () => {
    const given: unknown[] = [];
    const beforeSettled = async (...all: unknown[]) => void given.push(all);
    await processing(again, { more: { beforeSettled } });
    expect(given).toEqual([[claimed, again.disposition]]);
  });
});

describe('the attempts at a key', () => {
  it('wait as long as the gateway asks, although the longest retry queue is shorter', async () => {
    const { pipeline, message } = await processing(again);
    expect(pipeline.backoffMs(message, attempt)).toBe(120_000);
    expect(delayAtLeast(120_000, retryDelaysMs(30_000))).toBe(60_000);
  });

  it('have no backoff after the last one', async () => {
    const { pipeline, message } = await processing(deadLetter('retries-exhausted', 'why', 8));
    expect(pipeline.backoffMs(message, attempt)).toBeUndefined();
  });

  it('have no backoff and do not count if the queue pauses', async () => {
    const { pipeline, message } = await processing(uncounted);
    expect(pipeline.backoffMs(message, attempt)).toBeUndefined();
    expect(pipeline.isUncounted(message, 'why')).toBe(true);
  });

  it('are limited by the policy, and those before a replay are forgiven', async () => {
    const { pipeline, message } = await processing(again);
    const replayed = aMessage({ properties: { headers: { 'x-attempts-before-replay': 8 } } });
    expect([pipeline.maxAttempts(message), pipeline.forgivenAttempts(replayed)]).toEqual([8, 8]);
  });
});

describe('a message of a queue without a policy', () => {
  it('is refused with an error that says what to call', async () => {
    const { pipeline } = await processing(again);
    const unknown = { queue: 'another', message: aMessage({}), body: {} };
    await expect(pipeline.process({} as never, unknown, () => Promise.resolve())).rejects.toThrow(
      "no policy for 'another': call MessagePipeline.use() when its module starts",
    );
  });
});
