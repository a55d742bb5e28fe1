import { printable } from '../text/printable';
import { HEADERS } from './topology';

const LONGEST_DETAIL = 300;

/** The headers that a message gets as a dead letter. */
export function deadLetterHeaders(letter: {
  reason: string;
  detail: string;
  /** Where a replay goes. */
  routingKey: string;
}): Record<string, string> {
  return {
    [HEADERS.deadLetterReason]: letter.reason,
    [HEADERS.deadLetterDetail]: oneLine(letter.detail),
    [HEADERS.deadLetteredAt]: new Date().toISOString(),
    [HEADERS.originalRoutingKey]: letter.routingKey,
  };
}

const NAMES: readonly string[] = [
  HEADERS.deadLetterReason,
  HEADERS.deadLetterDetail,
  HEADERS.deadLetteredAt,
  HEADERS.originalRoutingKey,
];

/** Whether a header is one of those, rather than one of the message itself. */
export function isOfDeadLetter(header: string): boolean {
  return NAMES.includes(header);
}

/** Makes a detail safe for a header: one line, of bounded length, and without anything that looks like a card number. */
function oneLine(detail: string): string {
  const line = detail.replace(/[\s\p{Cc}]+/gu, ' ').replace(/\d(?:[ -]?\d){11,}/g, '[number]');
  return printable(line, LONGEST_DETAIL - 1).slice(0, LONGEST_DETAIL);
}
