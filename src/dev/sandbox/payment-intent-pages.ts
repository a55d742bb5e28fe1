import { json } from './http';
import type { JsonReply } from './http';
import type { PaymentEntry } from './journal-entry';
import { createdOf, paymentIntentOf } from './payment-intents';
import { parseSearchQuery } from './search-query';
import { invalidRequest, missingParameter } from './stripe-errors';

type Page =
  { kind: 'page'; entries: PaymentEntry[]; hasMore: boolean } | { kind: 'invalid'; failure: JsonReply };

const url = '/v1/payment_intents';
const createdFilters: ReadonlyMap<string, (created: number, bound: number) => boolean> = new Map([
  ['created', (created: number, bound: number) => created === bound],
  ['created[gt]', (created: number, bound: number) => created > bound],
  ['created[gte]', (created: number, bound: number) => created >= bound],
  ['created[lt]', (created: number, bound: number) => created < bound],
  ['created[lte]', (created: number, bound: number) => created <= bound],
]);

/** `GET /v1/payment_intents`: newest first, filtered by `created`, paged by `limit` and `starting_after`. */
export function listPaymentIntents(newestFirst: PaymentEntry[], query: URLSearchParams): JsonReply {
  let entries = newestFirst;
  for (const [name, holds] of createdFilters) {
    const text = query.get(name);
    if (text === null) continue;
    if (!/^\d+$/.test(text)) return invalidInteger(name, text);
    entries = entries.filter((entry) => holds(createdOf(entry), Number(text)));
  }
  const page = pageOf(entries, { query, after: 'starting_after' });
  if (page.kind === 'invalid') return page.failure;
  return json(200, { object: 'list', url, has_more: page.hasMore, data: page.entries.map(paymentIntentOf) });
}

/** `GET /v1/payment_intents/search`. Unlike Stripe's, its index is never behind. */
export function searchPaymentIntents(newestFirst: PaymentEntry[], query: URLSearchParams): JsonReply {
  const text = query.get('query');
  if (text === null) return missingParameter('query');
  const parsed = parseSearchQuery(text);
  if (parsed.kind === 'invalid') return invalidRequest({ message: parsed.message, param: 'query' });
  const { kind, clauses } = parsed;
  const found = newestFirst.filter(({ metadata }) => {
    const fits = ({ key, value }: { key: string; value: string }) =>
      Object.hasOwn(metadata, key) && metadata[key] === value;
    return kind === 'all' ? clauses.every(fits) : clauses.some(fits);
  });
  const page = pageOf(found, { query, after: 'page' });
  if (page.kind === 'invalid') return page.failure;
  return json(200, {
    object: 'search_result',
    url: `${url}/search`,
    has_more: page.hasMore,
    next_page: page.hasMore ? (page.entries.at(-1)?.paymentIntentId ?? null) : null,
    data: page.entries.map(paymentIntentOf),
  });
}

function pageOf(entries: PaymentEntry[], { query, after }: { query: URLSearchParams; after: string }): Page {
  const limit = query.get('limit') ?? '10';
  if (!/^\d+$/.test(limit) || Number(limit) < 1 || Number(limit) > 100) {
    return { kind: 'invalid', failure: invalidInteger('limit', limit) };
  }
  const last = query.get(after);
  const start = last === null ? 0 : entries.findIndex((entry) => entry.paymentIntentId === last) + 1;
  if (last !== null && start === 0)
    return { kind: 'invalid', failure: noSuchPaymentIntent(last, 400, after) };
  const end = start + Number(limit);
  return { kind: 'page', entries: entries.slice(start, end), hasMore: end < entries.length };
}

export function noSuchPaymentIntent(id: string, status: 400 | 404, param: string): JsonReply {
  return invalidRequest({
    status,
    message: `No such payment_intent: '${id}'`,
    code: 'resource_missing',
    param,
  });
}

function invalidInteger(param: string, text: string): JsonReply {
  return invalidRequest({ message: `Invalid integer: ${text}`, code: 'parameter_invalid_integer', param });
}
