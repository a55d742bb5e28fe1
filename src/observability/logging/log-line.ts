import { printable, UNPRINTABLE } from '../../text/printable';

/** A line longer than this is not looked through: only that there was one is said. */
const LONGEST_READ = 256 * 1024;
const LONGEST_LINE = 16 * 1024;
/** In a line that is too long. */
const LONGEST_TEXT = 500;
const MOST_MEMBERS = 20;
const MOST_LEVELS = 4;

/** Fields that name what a line is about. */
const NAMING = ['level', 'time', 'pid', 'hostname', 'context', 'traceId', 'msg'];

/**
 * Makes a function that finishes what is written as a line of the log: without what `redact` takes out, bounded as a
 * whole, and without anything that a terminal would obey, whoever wrote it.
 */
export function lineFinisher(redact: (line: string) => string): (line: string) => string {
  return (line) => {
    if (line.length > LONGEST_READ) return inert(redact(leftOut(line)));
    const redacted = redact(line);
    return inert(redacted.length > LONGEST_LINE ? shortened(redacted) : redacted);
  };
}

/**
 * The escapes of a JSON line, and what JSON leaves as it is. A backslash and what follows it is taken as one, so that an
 * escaped backslash is never taken for the beginning of an escape. Line breaks of a stack trace stay.
 */
const TO_ESCAPE = new RegExp(String.raw`\\(?:u[0-9a-f]{4}|n(?! {4}at )|[^un])|${UNPRINTABLE.source}`, 'giu');
const HARMLESS = /^\\["\\/]$/;

/**
 * Escapes within the texts of a JSON line, once more than JSON does: whoever parses the line to show it, such as the
 * output for terminals, then still has nothing that acts.
 */
function inert(line: string): string {
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
    return short.length > LONGEST_LINE ? leftOut(line) : short;
  } catch {
    return leftOut(line);
  }
}

function leftOut(line: string): string {
  try {
    const parsed = objectOf(JSON.parse(line));
    const kept = NAMING.map((name) => [name, bounded(parsed[name], MOST_LEVELS)] as const);
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
