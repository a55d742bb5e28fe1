import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Redis } from 'ioredis';
import type { Broker } from '../support/broker';
import type { DeadLetter } from '../support/dead-letter';
import { extraLines } from '../support/gateway-calls';
import { isJsonObject, parseJsonObject } from '../support/json';
import type { JsonObject } from '../support/json';
import { claimsIn, heldLocks, redisKeys } from '../support/redis';
import { keyHeader } from '../support/topology';
import type { DeadLetterFact, JournalFact, Sighting } from './history';

/** Reads the gateway's journal file. */
export async function journalIn(file: string): Promise<JournalFact[]> {
  const facts: JournalFact[] = [];
  for await (const line of createInterface({ input: createReadStream(file) })) {
    const entry = parseJsonObject(line);
    if (entry) facts.push(factOf(entry));
  }
  return facts;
}

function factOf(entry: JsonObject): JournalFact {
  const metadata = isJsonObject(entry.metadata) ? entry.metadata : {};
  const fault = text(entry.fault);
  // A failure after the charge has two lines: one for the charge and this one.
  const isSecondLine = fault === 'error-500' && entry.storedStatus === null;
  // The end of a payment that was accepted before.
  const pendingSince = text(entry.pendingSince);
  return {
    at: Date.parse(String(entry.at)),
    type: String(entry.type),
    ...(fault !== undefined && { fault }),
    key: text(metadata.idempotency_key),
    id: text(entry.paymentIntentId),
    amount: typeof entry.amount === 'number' ? entry.amount : undefined,
    currency: text(entry.currency),
    customerId: text(metadata.customer_id),
    ...(pendingSince !== undefined && { pendingSince: Date.parse(pendingSince) }),
    isCall: !extraLines.includes(entry.fault) && !isSecondLine && pendingSince === undefined,
  };
}

/** The record and the number of claims of each of these payments. */
export async function recordsAndClaims(
  redis: Redis,
  keys: readonly string[],
): Promise<Omit<Sighting, 'at'>[]> {
  // One command, so each answer was true at one moment.
  const found = await redis.mget(keys.map(redisKeys).flatMap(({ record, lock }) => [record, lock]));
  return keys.map((key, position) => {
    const [record, claim] = found.slice(2 * position, 2 * position + 2).map((text) => text ?? undefined);
    return { key, record, claims: claimsIn({ record, claim }) };
  });
}

/** What Redis stores about payments. */
export async function redisFacts(redis: Redis): Promise<{
  records: Map<string, string>;
  claims: Map<string, number>;
  locks: string[];
}> {
  const records = new Map<string, string>();
  for (const name of await namesOf(redis, 'idempotent:payment:'))
    records.set(keyIn(name), (await redis.get(name)) ?? '');
  const stored = new Map<string, string>();
  for (const name of await namesOf(redis, 'lock:payment:'))
    stored.set(keyIn(name), (await redis.get(name)) ?? '');
  const claims = new Map<string, number>();
  for (const key of [...records.keys(), ...stored.keys()]) {
    const count = claimsIn({ record: records.get(key), claim: stored.get(key) });
    if (count !== undefined) claims.set(key, count);
  }
  return { records, claims, locks: await heldLocks(redis) };
}

async function namesOf(redis: Redis, prefix: string): Promise<string[]> {
  const names = new Set<string>();
  for await (const batch of redis.scanStream({ match: `${prefix}*`, count: 1_000 })) {
    if (Array.isArray(batch)) for (const name of batch) names.add(String(name));
  }
  return [...names];
}

function keyIn(name: string): string {
  return name.replace(/^[a-z]+:payment:/, '');
}

/** All dead letters: those in their queue (they stay there), and those kept elsewhere when the queue was removed. */
export async function deadLetterFacts(
  broker: Broker,
  kept: readonly DeadLetter[],
): Promise<DeadLetterFact[]> {
  // A queue that was removed and not declared again has no messages.
  const queued = await broker.deadLetters().catch(() => []);
  return [...kept, ...queued].map(({ reason, headers, properties, body }) => {
    const messageId: unknown = properties.messageId;
    const key = text(headers[keyHeader]) ?? text(parseJsonObject(body.toString())?.idempotencyKey);
    return { messageId: String(messageId), key, reason: text(reason) ?? byTheBroker(headers) };
  });
}

/** The broker's reason when the broker itself moved the message: written with an underscore, unlike the service's reasons. */
function byTheBroker(headers: JsonObject): string {
  const [latest]: unknown[] = Array.isArray(headers['x-death']) ? headers['x-death'] : [];
  const reason = isJsonObject(latest) ? text(latest.reason) : undefined;
  return reason?.replaceAll('_', '-') ?? 'no reason';
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
