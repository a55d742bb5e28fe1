import { BrokerGate } from '../support/broker-gate';
import type { Ending } from '../support/broker-gate';
import { eventually } from '../support/eventually';
import { aPayment } from '../support/payments';
import type { Service } from '../support/service';
import { workQueue } from '../support/topology';
import { useWorld } from '../support/world';
import type { World } from '../support/world';

const startTimeoutMs = 60_000;

/**
 * The AMQP steps of a start, recorded from one undisturbed start so that none is missing. A step that occurs several
 * times is listed each time; of the many retry queues only the first and the last are listed.
 */
async function recordStartSteps(world: World): Promise<string[]> {
  const gate = await BrokerGate.inFrontOf(world.broker.url);
  const service = await world.startService({ rabbitmqUrl: gate.url });
  const steps = gate.steps.map((step, at) => {
    const nth = gate.steps.slice(0, at + 1).filter((earlier) => earlier === step).length;
    return nth === 1 ? step : `${step} #${nth}`;
  });
  await service.terminate();
  await gate.close();
  const groupOf = (step: string): string | undefined => /^queue\.declare (.+\.retry)\./.exec(step)?.[1];
  return steps.filter((step, at) => {
    const group = groupOf(step);
    const same = (other: string | undefined): boolean => other !== undefined && groupOf(other) === group;
    return group === undefined || !same(steps[at - 1]) || !same(steps[at + 1]);
  });
}

/** Starts a service whose first connection ends at this step; undefined if it recovers as it should. */
async function problemOf(world: World, step: string, ending: Ending): Promise<string | undefined> {
  const gate = await BrokerGate.inFrontOf(world.broker.url);
  const connectionEnded = gate.endAt(step, ending);
  const service = await world.startService({ rabbitmqUrl: gate.url, waitFor: 'none', name: 'starting' });
  try {
    await Promise.race([connectionEnded, failAfter(startTimeoutMs, 'the start did not reach this step')]);
    await service.untilHealthy('ready', startTimeoutMs);
    await expectCharge(world, service);
    const { code } = await service.terminate();
    if (code !== 0) throw new Error(`exit code ${code}`);
    return undefined;
  } catch (error) {
    return `${step}: ${error instanceof Error ? error.message : String(error)}`;
  } finally {
    await service.kill();
    await gate.close();
  }
}

/** The steps of the retry queues are all alike, so only the first case (connection cut) tests them. */
const isNotForRetryQueue = (step: string): boolean => !step.includes('.retry.');

async function expectCharge(world: World, service: Service): Promise<void> {
  const payment = aPayment();
  await world.broker.publishPayment(payment);
  await service.completedPayment(payment.idempotencyKey, startTimeoutMs);
}

async function failAfter(ms: number, message: string): Promise<never> {
  await new Promise((resolve) => setTimeout(resolve, ms).unref());
  throw new Error(message);
}

describe('RabbitMQ goes down while a process starts', () => {
  // One virtual host for each process, since three start at the same time.
  const lanes = [useWorld({ services: 0 }), useWorld({ services: 0 }), useWorld({ services: 0 })];
  const [first] = lanes;
  let steps: string[] = [];

  beforeAll(async () => {
    if (first) steps = await recordStartSteps(first);
  }, 120_000);

  async function problemsAt(chosen: readonly string[], ending: Ending): Promise<string[]> {
    const waiting = [...chosen];
    const problems: string[] = [];
    const work = async (world: World): Promise<void> => {
      for (let step = waiting.shift(); step !== undefined; step = waiting.shift())
        problems.push(...[await problemOf(world, step, ending)].filter((problem) => problem !== undefined));
    };
    await Promise.all(lanes.map(work));
    return problems;
  }

  it('the recorded start connects, opens channels, declares queues and consumes', () => {
    for (const step of ['connection.open', 'channel.open', 'queue.declare payments.charge #2'])
      expect(steps).toContain(step);
    expect(steps).toContain('basic.consume payments.charge');
  });

  it('connection cut at each step: the process stays up, becomes ready and charges', async () => {
    expect(await problemsAt(steps, 'cut')).toEqual([]);
  }, 600_000);

  it('connection closed at each step: the process stays up, becomes ready and charges', async () => {
    expect(await problemsAt(steps.filter(isNotForRetryQueue), 'closed')).toEqual([]);
  }, 600_000);

  it('connection closed right after each answer: the same, although the client reads both at once', async () => {
    const answered = steps.filter((step) => isNotForRetryQueue(step) && !/-ok\b/.test(step));
    expect(await problemsAt(answered, 'answered, then closed')).toEqual([]);
  }, 600_000);

  it('broker failure right after connection.open: the same', async () => {
    expect(await problemsAt(['connection.open'], 'answered, then failed')).toEqual([]);
  }, 600_000);
});

describe('the connection ends while a process renews it after the broker closed a channel', () => {
  const world = useWorld({ services: 0 });
  let gate: BrokerGate;

  beforeAll(async () => {
    gate = await BrokerGate.inFrontOf(world.broker.url);
  });
  afterAll(() => gate.close());

  it.each<Ending>(['cut', 'closed'])(
    '%s: the process stays up, becomes ready and charges',
    async (ending) => {
      const service = await world.startService({ rabbitmqUrl: gate.url });
      const connectionEnded = gate.endAt('connection.close', ending);
      await world.deleteQueue(workQueue);
      await connectionEnded;
      await eventually(async () => expect(await world.broker.consumerCount()).toBe(1), {
        withinMs: startTimeoutMs,
      });
      await service.untilHealthy('ready', startTimeoutMs);
      await expectCharge(world, service);
      expect(await service.terminate()).toEqual({ code: 0, signal: null });
    },
    2 * startTimeoutMs,
  );
});
