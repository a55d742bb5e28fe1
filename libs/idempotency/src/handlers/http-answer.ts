import { isUtf8 } from 'node:buffer';
import type { OutgoingHttpHeader, OutgoingHttpHeaders } from 'node:http';
import type { IdempotencyProblem } from './http-problem';

/** Longer answers are not recorded, in bytes: a record is kept in memory by the store, and sent whole. */
export const MAX_ANSWER_BYTES = 1024 * 1024;

/** An HTTP answer as the first caller got it, and as it is stored in the record. */
export interface HttpAnswer {
  readonly status: number;
  /** What the request's own answer added: middleware, such as CORS and sessions, adds its headers to each answer anew. */
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  /** The bytes of the body, as text where they are UTF-8. */
  readonly body: string;
  readonly encoding: 'utf8' | 'base64';
}

/** Headers of one connection or one message; a replay has its own. */
const NOT_RECORDED: readonly string[] = [
  'connection',
  'content-length',
  'date',
  'keep-alive',
  'trailer',
  'transfer-encoding',
  'upgrade',
];

export function describesBody(header: unknown): boolean {
  return ['content-type', 'content-length', 'etag'].includes(String(header).toLowerCase());
}

/** @param before headers that were set before the handler ran; `own` are recorded although they were */
export function answerFrom(
  ended: { status: number; headers: OutgoingHttpHeaders; body: Buffer },
  before: OutgoingHttpHeaders,
  own: readonly string[],
): HttpAnswer {
  const { status, body } = ended;
  const encoding = isUtf8(body) ? 'utf8' : 'base64';
  const headers: Record<string, string | readonly string[]> = {};
  for (const [name, value] of Object.entries(ended.headers)) {
    if (value === undefined || NOT_RECORDED.includes(name)) continue;
    const added = own.includes(name) ? value : addedTo(before[name], value);
    if (added !== undefined) headers[name] = typeof added === 'number' ? String(added) : added;
  }
  return { status, headers, body: body.toString(encoding), encoding };
}

/** What the answer of this request has set; of several cookies, those that were not there before. */
function addedTo(
  before: OutgoingHttpHeader | undefined,
  value: OutgoingHttpHeader,
): OutgoingHttpHeader | undefined {
  if (before === undefined) return value;
  if (!Array.isArray(value)) return String(before) === String(value) ? undefined : value;
  const known = Array.isArray(before) ? before : [String(before)];
  const added = value.filter((one) => !known.includes(one));
  return added.length > 0 ? added : undefined;
}

/** The headers of an answer to another request: those that its own middleware has set, and the recorded ones. */
export function headersOf(answer: HttpAnswer, before: OutgoingHttpHeaders): OutgoingHttpHeaders {
  const headers: OutgoingHttpHeaders = { ...before };
  for (const [name, value] of Object.entries(answer.headers)) {
    headers[name] = name === 'set-cookie' ? [...listOf(before[name]), ...listOf(value)] : mutable(value);
  }
  return headers;
}

/** A problem as the answer that its exception filter would send. */
export function answerOfProblem(problem: IdempotencyProblem): HttpAnswer {
  const { retryAfterSeconds } = problem;
  return {
    status: problem.getStatus(),
    headers: {
      'content-type': 'application/problem+json; charset=utf-8',
      ...(retryAfterSeconds !== undefined && { 'retry-after': String(retryAfterSeconds) }),
    },
    body: JSON.stringify(problem.getResponse()),
    encoding: 'utf8',
  };
}

export function bodyOf({ body, encoding }: HttpAnswer): Buffer {
  return Buffer.from(body, encoding);
}

function listOf(value: OutgoingHttpHeader | readonly string[] | undefined): string[] {
  if (value === undefined) return [];
  return typeof value === 'object' ? [...value] : [String(value)];
}

function mutable(value: string | readonly string[]): string | string[] {
  return typeof value === 'string' ? value : [...value];
}

/** `writeHead` takes an object, a list of names and values, or a list of pairs. */
export function headerPairs(headers: unknown): [string, OutgoingHttpHeader][] {
  if (typeof headers !== 'object' || headers === null) return [];
  if (!Array.isArray(headers)) return Object.entries(headers as Record<string, OutgoingHttpHeader>);
  const list: unknown[] = headers;
  if (list.every((one) => Array.isArray(one))) return list as [string, OutgoingHttpHeader][];
  const pairs: [string, OutgoingHttpHeader][] = [];
  for (let at = 0; at + 1 < list.length; at += 2)
    pairs.push([String(list[at]), list[at + 1] as OutgoingHttpHeader]);
  return pairs;
}
