/** What AMQP allows for a name or a short string, in bytes. */
const SHORT_TEXT_BYTES = 255;
/** The client library encodes all headers into one buffer of 64 kB; ours must fit in as well. */
const HEADERS_BYTES = 32 * 1024;

/**
 * The headers that can be sent again. Others can send what the client library reads but cannot write; it then fails
 * after it has counted the message, and takes each later confirm on the channel for that of another message.
 */
export function encodableHeaders(headers: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const kept: Record<string, unknown> = {};
  let bytes = 0;
  for (const [name, value] of Object.entries(headers)) {
    if (!isName(name) || !isEncodable(value)) continue;
    bytes += Buffer.byteLength(JSON.stringify([name, value]));
    if (bytes > HEADERS_BYTES) break;
    kept[name] = value;
  }
  return kept;
}

/** A property of a message, unless it is not what AMQP has there. */
export function shortText(value: unknown): string | undefined {
  return typeof value === 'string' && Buffer.byteLength(value) <= SHORT_TEXT_BYTES ? value : undefined;
}

/** Names that other readers of the message cannot assign to a plain object, or that the client library calls. */
const TREACHEROUS_NAMES = ['__proto__', 'hasOwnProperty'];

function isName(name: string): boolean {
  return Buffer.byteLength(name) <= SHORT_TEXT_BYTES && !TREACHEROUS_NAMES.includes(name);
}

function isEncodable(value: unknown): boolean {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return true;
    case 'number':
      return Number.isFinite(value);
    case 'object':
      if (value === null || Buffer.isBuffer(value)) return true;
      if (Array.isArray(value)) return value.every(isEncodable);
      // The library's own mark for types that JavaScript lacks: a time stamp, a decimal.
      if ('!' in value) return value['!'] === 'timestamp' || value['!'] === 'decimal';
      return Object.entries(value).every(([name, member]) => isName(name) && isEncodable(member));
    default:
      return false;
  }
}
