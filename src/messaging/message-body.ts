import type { ConsumeMessage } from 'amqplib';

/** The body of a message is not a JSON object, or one that nobody should parse. */
export class UnreadableMessageError extends Error {
  override readonly name = 'UnreadableMessageError';
}

const MAX_BYTES = 64 * 1024;
/** Of a payment request, however it comes in. */
export const MAX_DEPTH = 16;
/** What a JavaScript number holds exactly; with more, an amount would be rounded without a word. */
const MAX_DIGITS = 15;
/** Names that would reach an object's prototype when somebody copies the object carelessly. */
export const FORBIDDEN_NAMES = new Set(['__proto__', 'constructor', 'prototype']);

/** Content encodings that leave the body as it is; some clients name the character set here. */
const PLAIN_ENCODING = /^(identity|utf-?8|us-ascii|)$/i;
const LONGEST_ENCODING_SHOWN = 40;

const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Reads the body of a message that anybody may have sent. Returns what is wrong instead of throwing it: an exception
 * here would be handled by the broker client, before any code of ours could decide what becomes of the message.
 */
export function readBody(
  content: Buffer,
  message?: Pick<ConsumeMessage, 'properties'>,
): Record<string, unknown> | UnreadableMessageError {
  const encoding: unknown = message?.properties.contentEncoding ?? '';
  if (typeof encoding !== 'string' || !PLAIN_ENCODING.test(encoding)) {
    const name = String(encoding).slice(0, LONGEST_ENCODING_SHOWN);
    return unreadable(
      `the body has the content encoding '${name}'; it must be sent as it is, with 'identity' or none`,
    );
  }
  if (content.length > MAX_BYTES) {
    return unreadable(`the body has ${content.length} bytes, ${MAX_BYTES} are allowed`);
  }
  let text: string;
  try {
    text = utf8.decode(content);
  } catch {
    return unreadable('the body is not UTF-8');
  }
  // Before parsing, because a parser's recursion is what deep nesting aims at.
  if (hasLongNumber(text)) return unreadable(`the body has a number of more than ${MAX_DIGITS} digits`);
  if (depthOf(text) > MAX_DEPTH) return unreadable(`the body is nested deeper than ${MAX_DEPTH} levels`);
  let forbidden: string | undefined;
  let value: unknown;
  try {
    value = JSON.parse(text, (name, member: unknown) => {
      if (FORBIDDEN_NAMES.has(name)) forbidden = name;
      return member;
    });
  } catch {
    return unreadable('the body is not JSON');
  }
  if (forbidden !== undefined) return unreadable(`the body has a property named '${forbidden}'`);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return unreadable('the body is not a JSON object');
  }
  return value as Record<string, unknown>;
}

function hasLongNumber(text: string): boolean {
  const withoutStrings = text.replace(/"(?:[^"\\]|\\.)*"/g, '');
  const mantissas = withoutStrings.match(/\d[\d.]*/g) ?? [];
  return mantissas.some((mantissa) => mantissa.replace('.', '').replace(/^0+/, '').length > MAX_DIGITS);
}

function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const character = text[i];
    if (inString) {
      if (character === '\\') i++;
      else if (character === '"') inString = false;
    } else if (character === '"') inString = true;
    else if (character === '{' || character === '[') deepest = Math.max(deepest, ++depth);
    else if (character === '}' || character === ']') depth--;
  }
  return deepest;
}

function unreadable(detail: string): UnreadableMessageError {
  return new UnreadableMessageError(detail);
}
