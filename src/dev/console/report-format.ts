import { printable } from '../../text/printable';
import { isKey } from 'nestjs-idempotent';
import type { Counts, Happening, PublishedFields, Report, ResultFacts } from './activity';
import { byKind, checked, list, number, object, oneOf, optional, text, whole } from './value-readers';

/** Limits of a report. Every client with write permission on the broker's exchange can send one. */
const MOST_REPORT_BYTES = 256 * 1024;
/** For the fields other than `happenings`. */
const OTHER_BYTES = 8 * 1024;
export const MOST_HAPPENINGS_BYTES = MOST_REPORT_BYTES - OTHER_BYTES;
/** More than a person can follow on the page; the counts stay exact. */
export const MOST_HAPPENINGS = 200;
/** The 255 characters of a payment's field; each may be a surrogate pair with a variation selector. */
export const LONGEST_TEXT = 3 * 255;

/** More than a process does between two reports, and small enough that millions of reports add up exactly. */
const MOST_COUNTED = 1_000_000_000;
const LATEST_MOMENT = 8.64e15;

const boundedText = text(LONGEST_TEXT);
/** The sender of a report must have made its texts printable: bidi marks in a payment's id would reverse its row. */
const anyText = checked((value): value is string => printable(boundedText(value)) === value);
const count = whole(MOST_COUNTED);
const moment = number(LATEST_MOMENT);
const duration = number(LATEST_MOMENT);
const key = checked((value): value is string => value === '' || isKey(value));
const facts = { key, at: moment };

const payment = object<PublishedFields>({
  paymentId: anyText,
  amount: number(Number.MAX_SAFE_INTEGER),
  customerId: anyText,
  currency: optional(anyText),
  paymentMethodId: optional(anyText),
});

const result = object<ResultFacts>({
  status: anyText,
  paymentId: optional(anyText),
  amount: optional(anyText),
  currency: optional(anyText),
  chargeId: optional(anyText),
  declineCode: optional(anyText),
});

const happening = byKind<Happening>({
  published: object({ ...facts, kind: oneOf('published'), payment, copies: count }),
  started: object({
    ...facts,
    kind: oneOf('started'),
    attempt: count,
    fencingToken: whole(Number.MAX_SAFE_INTEGER),
    leaseMs: duration,
  }),
  'lease-renewed': object({ ...facts, kind: oneOf('lease-renewed'), leaseMs: duration }),
  'lease-lost': object({ ...facts, kind: oneOf('lease-lost') }),
  released: object({ ...facts, kind: oneOf('released') }),
  finished: object({ ...facts, kind: oneOf('finished'), result }),
  ended: object({ ...facts, kind: oneOf('ended'), result }),
  duplicate: object({
    ...facts,
    kind: oneOf('duplicate'),
    from: oneOf('store', 'running-call', 'memory'),
    result,
  }),
  delayed: object({ ...facts, kind: oneOf('delayed'), delayMs: duration, attempts: count, why: anyText }),
  dead: object({ ...facts, kind: oneOf('dead'), reason: anyText, detail: anyText, attempts: count }),
});

const report = object<Report>({
  process: anyText,
  at: moment,
  inProgress: count,
  counts: object<Counts>({
    published: count,
    charged: count,
    declined: count,
    duplicates: count,
    delayed: count,
    dead: count,
  }),
  happenings: list(happening, MOST_HAPPENINGS),
  omitted: count,
});

/** Undefined if the content is not a valid report; no part of it is used then. */
export function readReport(content: Buffer): Report | undefined {
  if (content.length > MOST_REPORT_BYTES) return undefined;
  try {
    return report(JSON.parse(content.toString()));
  } catch {
    return undefined;
  }
}

/** Whether a console accepts it in a report. */
export function isReadable(value: Happening): boolean {
  try {
    happening(value);
    return true;
  } catch {
    return false;
  }
}
