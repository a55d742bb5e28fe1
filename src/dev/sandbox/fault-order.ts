import type { Fault, FaultKind, FaultMatching, FaultOrder } from './faults';
import { FieldReader } from './field-reader';
import { isRecord } from './json-values';

export type ParsedOrder =
  | { kind: 'order'; order: FaultOrder }
  /** Takes effect once: the gateway forgets its answer under the key (`null`: under every key). */
  | { kind: 'forget-keys'; idempotencyKey: string | null }
  | { kind: 'invalid'; problems: string[] };

export const orderableKinds = [
  'delay',
  'drop-before',
  'drop-after',
  'error-500',
  'error-500-unstored',
  'rate-limit',
  'conflict',
  'unauthorized',
  'forbidden',
  'decline',
  'ignore-keys',
  'forget-keys',
  'settle-after',
  'webhook-lost',
  'webhook-twice',
  'webhook-late',
] as const satisfies readonly (FaultKind | 'forget-keys')[];

const webhookFaults = [
  'webhook-lost',
  'webhook-twice',
  'webhook-late',
] as const satisfies readonly FaultKind[];
const longestDelayMs = 600_000;
const serverErrors = { min: 500, max: 599, fallback: 500 };

/** Reads the body of `POST /_sandbox/faults`. */
export function parseFaultOrder(body: unknown): ParsedOrder {
  if (!isRecord(body)) return { kind: 'invalid', problems: ['the body must be a JSON object'] };
  const reader = new FieldReader(body);
  const kind = reader.text('kind');
  const known = orderableKinds.find((candidate) => candidate === kind);
  if (known === undefined) {
    return { kind: 'invalid', problems: [`kind must be one of ${orderableKinds.join(', ')}`] };
  }
  return known === 'forget-keys' ? parseForgetKeys(reader) : parseOrder(reader, known);
}

function parseForgetKeys(reader: FieldReader): ParsedOrder {
  const matching = reader.nested('matching');
  const idempotencyKey = matching.text('idempotencyKey') ?? null;
  return orProblems([reader, matching], { kind: 'forget-keys', idempotencyKey });
}

function parseOrder(reader: FieldReader, kind: FaultKind): ParsedOrder {
  const matchingReader = reader.nested('matching');
  const order: FaultOrder = {
    fault: readFault(reader, kind),
    matching: readMatching(matchingReader, kind),
    times: reader.integer('times', { min: 0, max: 1_000_000, fallback: 1 }),
    probability: reader.number('probability', { min: 0, max: 1, fallback: 1 }),
    seed: reader.integer('seed', { min: 0, max: 2 ** 32 - 1, fallback: 1 }),
  };
  return orProblems([reader, matchingReader], { kind: 'order', order });
}

function readFault(reader: FieldReader, kind: FaultKind): Fault {
  switch (kind) {
    case 'delay':
      return {
        kind,
        delayMs: reader.integer('delayMs', { min: 0, max: longestDelayMs }),
        when: reader.choice('when', ['before', 'after'], 'before'),
      };
    case 'error-500':
      return {
        kind,
        status: reader.integer('status', serverErrors),
        charged: reader.boolean('charged', false),
      };
    case 'error-500-unstored':
      return { kind, status: reader.integer('status', serverErrors) };
    case 'rate-limit':
      return {
        kind,
        retryAfterSeconds: reader.integer('retryAfterSeconds', { min: 0, max: 3600, fallback: 1 }),
      };
    case 'settle-after':
    case 'webhook-late':
      return { kind, delayMs: reader.integer('delayMs', { min: 0, max: longestDelayMs }) };
    case 'drop-before':
    case 'drop-after':
    case 'conflict':
    case 'unauthorized':
    case 'forbidden':
    case 'decline':
    case 'ignore-keys':
    case 'webhook-lost':
    case 'webhook-twice':
      return { kind };
    default:
      return kind satisfies never;
  }
}

function readMatching(reader: FieldReader, kind: FaultKind): FaultMatching {
  const isWebhook = webhookFaults.some((fault) => fault === kind);
  const request = isWebhook ? reader.choice('request', ['webhook'], 'webhook') : readRequest(reader, kind);
  const eventType = isWebhook ? reader.text('eventType') : undefined;
  const idempotencyKey = reader.text('idempotencyKey');
  const paymentId = reader.text('paymentId');
  const paymentMethod = reader.text('paymentMethod');
  return {
    request,
    ...(idempotencyKey !== undefined && { idempotencyKey }),
    ...(paymentId !== undefined && { paymentId }),
    ...(paymentMethod !== undefined && { paymentMethod }),
    ...(eventType !== undefined && { eventType }),
  };
}

/** The gateway refuses an API key for every request; the other faults apply to charges by default. */
function readRequest(reader: FieldReader, kind: FaultKind): FaultMatching['request'] {
  return reader.choice('request', ['create', 'read', 'any'], kind === 'unauthorized' ? 'any' : 'create');
}

function orProblems(readers: FieldReader[], parsed: ParsedOrder): ParsedOrder {
  const problems = readers.flatMap((reader) => reader.finish());
  return problems.length > 0 ? { kind: 'invalid', problems } : parsed;
}
