import { parseHttpDate } from './http-date';

/**
 * How many milliseconds the header `Retry-After` asks to wait (RFC 9110, 10.2.3); undefined if there is none, or nothing that
 * the RFC knows. A date counts from the header `Date` of the same answer, because the clocks of server and client may differ.
 */
export function retryAfterMs(headers: Headers, now = Date.now()): number | undefined {
  const text = headers.get('retry-after')?.trim() ?? '';
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  const instant = parseHttpDate(text, now);
  if (instant === undefined) return undefined;
  return Math.max(0, instant - (parseHttpDate(headers.get('date') ?? '', now) ?? now));
}
