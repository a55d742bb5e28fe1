import { BrokerGate } from '../support/broker-gate';
import type { Ending } from '../support/broker-gate';
import { eventually } from '../support/eventually';
import { aPayment } from '../support/payments';
import type { Service } from '../support/service';
import { workQueue } from '../support/topology';
import { useWorld } from '../support/world';
import type { World } from '../support/world';

const startsMs = 60_000;

/**
 * What the service asks of the broker when it starts, found out at one undisturbed start, so that no step can be
 * forgotten here. Each of them once more for each time it comes; of the many retry queues only the first and the last.
 */
async function stepsOfAStart(world: World): Promise<string[]> {
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

/** What is wrong with a service whose first connection ended so; nothing, as it should be. */
async function problemOf(world: World, step: string, ending: Ending): Promise<string | undefined> {
  const gate = await BrokerGate.inFrontOf(world.broker.url);
  const ended = gate.endAt(step, ending);
  const service = await world.startService({ rabbitmqUrl: gate.url, waitFor: 'none', name: 'starting' });
  try {
    await Promise.race([ended, notWithin(startsMs, 'the start did not get there')]);
    await service.untilHealthy('ready', startsMs);
    await chargesAPayment(world, service);
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

/** The steps of retry queues are all alike; being killed at them is enough. */
const isNotRepeated = (step: string): boolean => !step.includes('.retry.');

async function chargesAPayment(world: World, service: Service): Promise<void> {
  const payment = aPayment();
  await world.broker.publishPayment(payment);
  await service.completedPayment(payment.idempotencyKey, startsMs);
}

async function notWithin(ms: number, message: string): Promise<never> {
  await new Promise((resolve) => setTimeout(resolve, ms).unref());
  throw new Error(message);
}

describe('the broker goes away while a process starts', () => {
  // A virtual host for each process that starts at the same time.
  const lanes = [useWorld({ services: 0 }), useWorld({ services: 0 }), useWorld({ services: 0 })];
  const [first] = lanes;
  let steps: string[] = [];

  beforeAll(async () => {
    if (first) steps = await stepsOfAStart(first);
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

  it('in steps that are all known: it connects, opens channels, declares and consumes', () => {
    for (const step of ['connection.open', 'channel.open', 'queue.declare payments.charge #2'])
      expect(steps).toContain(step);
    expect(steps).toContain('basic.consume payments.charge');
  });

  it('killed at each step: the process lives, becomes ready by itself and charges', async () => {
    expect(await problemsAt(steps, 'cut')).toEqual([]);
  }, 600_000);

  it('shut down at each step: the process lives, becomes ready by itself and charges', async () => {
    expect(await problemsAt(steps.filter(isNotRepeated), 'closed')).toEqual([]);
  }, 600_000);

  it('shut down right after its answer: the same, although the client reads both at once', async () => {
    const answered = steps.filter((step) => isNotRepeated(step) && !/-ok\b/.test(step));
    expect(await problemsAt(answered, 'answered, then closed')).toEqual([]);
  }, 600_000);

  it('fails right after it has let the client in: the same', async () => {
    expect(await problemsAt(['connection.open'], 'answered, then failed')).toEqual([]);
  }, 600_000);
});

describe('the connection ends while a process is just renewing it, after the broker closed a channel', () => {
  const world = useWorld({ services: 0 });
  let gate: BrokerGate;

  beforeAll(async () => {
    gate = await BrokerGate.inFrontOf(world.broker.url);
  });
  afterAll(() => gate.close());

  it.each<Ending>(['cut', 'closed'])(
    '%s: the process lives, becomes ready by itself and charges',
    async (ending) => {
      const service = await world.startService({ rabbitmqUrl: gate.url });
      const ended = gate.endAt('connection.close', ending);
      await world.deleteQueue(workQueue);
      await ended;
      await eventually(async () => expect(await world.broker.consumerCount()).toBe(1), {
        withinMs: startsMs,
      });
      await service.untilHealthy('ready', startsMs);
      await chargesAPayment(world, service);
      expect(await service.terminate()).toEqual({ code: 0, signal: null });
    },
    2 * startsMs,
  );
});
