import type { ConsumeMessage } from 'amqplib';
import { FORBIDDEN_NAMES, MAX_DEPTH } from '../input/nesting';

/** The body of a message is not a JSON object, or not safe to parse. */
export class UnreadableMessageError extends Error {
  override readonly name = 'UnreadableMessageError';
}

/** A payment request needs a hundredth of it. */
const DEFAULT_MAX_BYTES = 64 * 1024;
/** Values, names and members in all; a payment request has seven. */
const MAX_VALUES = 1_000;
/** A JavaScript number holds so many exactly; with more, an amount would be rounded silently. */
const MAX_DIGITS = 15;

/** Content encodings that do not change the body; some clients put the character set here. */
const PLAIN_ENCODING = /^(identity|utf-?8|us-ascii|)$/i;
const LONGEST_ENCODING_SHOWN = 40;

const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Reads the body of a message from an untrusted sender. Returns the error instead of throwing it: the broker client would
 * handle an exception itself, before the pipeline could decide about the message.
 *
 * @param maxBytes a larger body is not parsed
 */
export function readBody(
  content: Buffer,
  message?: Pick<ConsumeMessage, 'properties'>,
  maxBytes = DEFAULT_MAX_BYTES,
): Record<string, unknown> | UnreadableMessageError {
  const encoding: unknown = message?.properties.contentEncoding ?? '';
  if (typeof encoding !== 'string' || !PLAIN_ENCODING.test(encoding)) {
    const name = String(encoding).slice(0, LONGEST_ENCODING_SHOWN);
    return unreadable(
      `the body has the content encoding '${name}'; it must be sent without one, or with 'identity'`,
    );
  }
  if (content.length > maxBytes) {
    return unreadable(`the body has ${content.length} bytes, ${maxBytes} are allowed (MESSAGE_MAX_BYTES)`);
  }
  let text: string;
  try {
    text = utf8.decode(content);
  } catch {
    return unreadable('the body is not UTF-8');
  }
  // Before parsing, because deep nesting attacks the parser's recursion.
  const { depth, values, digits } = measure(text);
  if (digits > MAX_DIGITS) return unreadable(`the body has a number of more than ${MAX_DIGITS} digits`);
  if (depth > MAX_DEPTH) return unreadable(`the body is nested deeper than ${MAX_DEPTH} levels`);
  if (values > MAX_VALUES) return unreadable(`the body has more than ${MAX_VALUES} values`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return unreadable('the body is not JSON');
  }
  const forbidden = MAY_BE_FORBIDDEN.test(text) ? forbiddenNameIn(text) : undefined;
  if (forbidden !== undefined) return unreadable(`the body has a property named '${forbidden}'`);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return unreadable('the body is not a JSON object');
  }
  return value as Record<string, unknown>;
}

/** A text without any of these names, and without escapes, has no property with such a name. */
const MAY_BE_FORBIDDEN = new RegExp([...FORBIDDEN_NAMES, '\\\\'].join('|'));

function forbiddenNameIn(json: string): string | undefined {
  let found: string | undefined;
  JSON.parse(json, (name, member: unknown) => {
    if (FORBIDDEN_NAMES.has(name)) found = name;
    return member;
  });
  return found;
}

/** What parsing a JSON text would cost, and whether it would lose digits. */
interface Measures {
  /** Of its deepest value. */
  depth: number;
  /** Upper bound of its values and names. */
  values: number;
  /** Significant digits of its longest number. */
  digits: number;
}

/** One pass over a text that need not be JSON: linear time, whatever the text is. */
export function measure(text: string): Measures {
  const most: Measures = { depth: 0, values: 1, digits: 0 };
  let depth = 0;
  let digits = 0;
  for (let i = 0; i < text.length; i++) {
    const character = text.charAt(i);
    if (isDigit(character)) {
      // Zeros in front of the first other digit are not significant.
      if (digits > 0 || character !== '0') most.digits = Math.max(most.digits, ++digits);
      continue;
    }
    if (character === '.') continue;
    digits = 0;
    if (character === '"') i = endOfString(text, i);
    else if (character === '{' || character === '[') most.depth = Math.max(most.depth, ++depth);
    else if (character === '}' || character === ']') depth--;
    else if (character === ',' || character === ':') most.values++;
  }
  return most;
}

/** Where the string that begins here ends, or the end of the text. */
function endOfString(text: string, start: number): number {
  let i = start + 1;
  while (i < text.length && text.charAt(i) !== '"') i += text.charAt(i) === '\\' ? 2 : 1;
  return i;
}

function isDigit(character: string): boolean {
  return character >= '0' && character <= '9';
}

function unreadable(detail: string): UnreadableMessageError {
  return new UnreadableMessageError(detail);
}
