import { printable, UNPRINTABLE } from '../../text/printable';

/** A longer line is not processed in full: only its identifying fields are kept. */
const LONGEST_READ = 256 * 1024;
const LONGEST_LINE = 16 * 1024;
/** Limits within a line that is too long. */
const LONGEST_TEXT = 500;
const MOST_MEMBERS = 20;
const MOST_LEVELS = 4;

/** Fields that identify a line. */
const IDENTIFYING = ['level', 'time', 'pid', 'hostname', 'context', 'traceId', 'msg'];

/**
 * Returns a function that finishes a log line: it redacts the line, limits its length, and escapes control characters,
 * which could control a terminal.
 */
export function lineFinisher(redact: (line: string) => string): (line: string) => string {
  return (line) => {
    if (line.length > LONGEST_READ) return escapedAgain(redact(identifyingFields(line)));
    const redacted = redact(line);
    return escapedAgain(redacted.length > LONGEST_LINE ? shortened(redacted) : redacted);
  };
}

/**
 * The escapes of a JSON line, and unprintable characters that JSON does not escape. A backslash and the next character match
 * together, so that an escaped backslash is never read as the start of an escape. Line breaks of a stack trace stay.
 */
const TO_ESCAPE = new RegExp(String.raw`\\(?:u[0-9a-f]{4}|n(?! {4}at )|[^un])|${UNPRINTABLE.source}`, 'giu');
const HARMLESS = /^\\["\\/]$/;

/**
 * Escapes the texts of a JSON line once more than JSON does: after a program has parsed the line to show it, such as the
 * output for terminals, the control characters are still escaped.
 */
function escapedAgain(line: string): string {
  const text = line.endsWith('\n') ? line.slice(0, -1) : line;
  const escaped = text.replace(TO_ESCAPE, (found) => {
    if (HARMLESS.test(found)) return found;
    return `\\${found.startsWith('\\') ? found : printable(found)}`;
  });
  return `${escaped}\n`;
}

function shortened(line: string): string {
  try {
    const parsed: unknown = JSON.parse(line);
    const short = JSON.stringify({ ...objectOf(bounded(parsed, 0)), charactersOfLine: line.length });
    return short.length > LONGEST_LINE ? identifyingFields(line) : short;
  } catch {
    return identifyingFields(line);
  }
}

function identifyingFields(line: string): string {
  try {
    const parsed = objectOf(JSON.parse(line));
    const kept = IDENTIFYING.map((name) => [name, bounded(parsed[name], MOST_LEVELS)] as const);
    return JSON.stringify({ ...Object.fromEntries(kept), charactersOfLine: line.length });
  } catch {
    return JSON.stringify({ charactersOfLine: line.length });
  }
}

function bounded(value: unknown, level: number): unknown {
  if (typeof value === 'string')
    return value.length > LONGEST_TEXT ? `${value.slice(0, LONGEST_TEXT)}…` : value;
  if (typeof value !== 'object' || value === null) return value;
  if (level === MOST_LEVELS) return '…';
  if (Array.isArray(value)) return value.slice(0, MOST_MEMBERS).map((member) => bounded(member, level + 1));
  const members = Object.entries(value).slice(0, MOST_MEMBERS);
  return Object.fromEntries(
    members.map(([name, member]) => [name.slice(0, LONGEST_TEXT), bounded(member, level + 1)]),
  );
}

function objectOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
