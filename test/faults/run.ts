import { step, whileShowing } from '../../scripts/terminal';
import { Captures } from './captures';
import type { Consumer } from './consumer';
import { deadLetterFacts, journalIn, recordsAndClaims, redisFacts } from './evidence';
import { faultCatalog } from './faults';
import type { Dependency } from './faults';
import { ForeignPublishers } from './foreign-publishers';
import type { History, Rest, Sighting, StatusSighting } from './history';
import { Injector } from './injector';
import { loadOf } from './load';
import type { PaymentRunOptions } from './options';
import { startParts, stopParts, vhost } from './parts';
import type { Parts } from './parts';
import { PaymentFaults } from './payment-faults';
import { holdingCard } from './payment-methods';
import { Provocation } from './provocation';
import type { InjectedFaults } from './report';
import { Sampler } from './sampler';
import { scheduleOf } from './schedule';
import { leftIn, RedeliveryCount, restSince } from './settling';
import { Turns } from './turns';

const confirmedWithinMs = 120_000;

/** What happened in a run: the history that the checker judges, and counts for the report. */
export interface RunFacts extends InjectedFaults {
  history: History;
  redeliveries: number;
  refusedCompletions: number;
  durationMs: number;
}

/** What is watched while the run is on. */
interface Watches {
  sampler: Sampler<Omit<Sighting, 'at'>>;
  statuses: Sampler<Omit<StatusSighting, 'at'>>;
  faults: PaymentFaults;
}

/** Starts everything, runs load and faults, waits until nothing is left to do, and gathers the evidence. */
export async function run(options: PaymentRunOptions): Promise<RunFacts> {
  const parts = await step('servers, gateway and consumers', () => startParts(options));
  const { redisClient, database, management, sandbox, publisher, consumers } = parts;
  const latestKeys = (count: number): string[] => publisher.ledger.latestKeys(count);
  const sampler = new Sampler((keys) => recordsAndClaims(redisClient, keys), latestKeys);
  const statuses = new Sampler((keys) => database.statuses(keys), latestKeys);
  const captures = new Captures(sandbox, () => publisher.ledger.keysWith(holdingCard));
  const redeliveries = new RedeliveryCount(management, vhost);
  const provocation = new Provocation(publisher, sandbox);
  const foreignPublishers = new ForeignPublishers(publisher, sandbox);
  const turns = new Turns();
  const faults = new PaymentFaults({ ...parts, vhost, provocation, foreignPublishers }, turns);
  const injector = new Injector(faults, turns);
  const startedAt = Date.now();
  for (const watch of [sampler, statuses, captures, redeliveries]) watch.start();
  const load = loadOf(options);
  const soFar = () =>
    `load and faults: ${publisher.ledger.size} of ${options.operations} payments, ` +
    `${injector.total} of ${options.faults} faults`;
  await whileShowing(soFar, () =>
    Promise.all([
      publisher.publishAll(load, startedAt),
      injector.injectAll(scheduleOf(options, faultCatalog), startedAt),
    ]),
  );
  const endedAt = Date.now();
  const untilRest = async () => {
    await publisher.finish(confirmedWithinMs);
    await sandbox.clearFaults();
    return restSince(() => leftToDo(parts, options), options.restWithinMs);
  };
  const quietSince = await step('rest after the last fault', untilRest);
  const settledAfterMs = quietSince === undefined ? undefined : Math.max(0, quietSince - endedAt);
  return step('evidence', async () => {
    await Promise.all([sampler.stop(), statuses.stop(), captures.stop()]);
    await Promise.all(consumers.map((consumer) => consumer.stop()));
    const rest = await restOf(parts, settledAfterMs);
    const facts = {
      history: await historyOf(parts, { sampler, statuses, faults }, { rest, hasLedger: options.ledger }),
      faultCounts: injector.counts,
      faultFailures: injector.failures,
      missedCrashes: injector.missed,
      redeliveries: redeliveries.stop(),
      refusedCompletions: consumers.reduce((sum, consumer) => sum + refusedIn(consumer), 0),
      durationMs: Date.now() - startedAt,
    };
    await stopParts(parts);
    return facts;
  });
}

/** Late results that were refused, by the logs of all its processes. */
function refusedIn({ processes }: Consumer<Dependency>): number {
  return processes.reduce((sum, { output }) => sum + output.split('A late result was refused').length - 1, 0);
}

/** Messages, locks, payments that end later, and events that are not published. */
async function leftToDo(parts: Parts, { ledger }: PaymentRunOptions): Promise<number> {
  const { redisClient: redis, database } = parts;
  // Without a ledger, payments that end later are in a sorted set.
  const open = ledger ? await database.unfinished() : await redis.zcard('open-payments');
  return open + (await leftIn({ ...parts, redis, vhost }));
}

async function restOf({ broker, redisClient }: Parts, settledAfterMs: number | undefined): Promise<Rest> {
  const { locks } = await redisFacts(redisClient);
  return { messages: await broker.unfinished(), locks, settledAfterMs };
}

async function historyOf(
  { publisher, journalFile, redisClient, database, broker, events, consumers }: Parts,
  { sampler, statuses, faults }: Watches,
  { rest, hasLedger }: { rest: Rest; hasLedger: boolean },
): Promise<History> {
  const { records, claims } = await redisFacts(redisClient);
  return {
    published: publisher.ledger.payments,
    hostile: publisher.ledger.hostile,
    journal: await journalIn(journalFile),
    records,
    claims,
    deadLetters: await deadLetterFacts(broker, faults.keptDeadLetters),
    sightings: sampler.sightings,
    flushes: faults.flushes,
    ledger: hasLedger ? { ...(await database.facts()), sightings: statuses.sightings } : undefined,
    events: await events.takeAll(),
    rest,
    ends: consumers.flatMap(({ ends }) => ends),
  };
}
