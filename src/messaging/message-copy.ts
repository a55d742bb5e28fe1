import type { ConsumeMessage, Options } from 'amqplib';
import { printable } from '../text/printable';
import { isOfDeadLetter } from './dead-letter-headers';
import { encodableHeaders, isEncodableProperty } from './encodable';
import { unreadableHeaders } from './header-tables';
import { publisherOf } from './message-headers';
import { HEADERS } from './topology';

/**
 * Headers that are not copied. With those of the broker's own dead-lettering, the broker would see a cycle and drop the
 * message. Ours apply to one copy only: its publish id, and since when it waits.
 */
const UNCOPIED_HEADERS =
  /^x-(death|first-death-.*|last-death-.*|delivery-count|acquired-count|delivery-limit|opt-.*|publish-id|waiting-since)$/;
/** The broker would send copies to queues of the sender's choice. */
const CARBON_COPY = /^B?CC$/;

const COPIED_PROPERTIES = [
  'contentType',
  'contentEncoding',
  'correlationId',
  'replyTo',
  'messageId',
  'timestamp',
  'type',
  'appId',
  'priority',
] as const;
/** A copy with an expiration would not wait as long as it should. */
const UNCOPIED_PROPERTIES = ['expiration', 'clusterId'] as const;

/** Only the connection that consumes its replies may publish with this one; anything else closes the channel. */
const DIRECT_REPLY_TO = 'amq.rabbitmq.reply-to';

export interface MessageCopy {
  readonly properties: Omit<Options.Publish, 'headers'> & { readonly headers: Record<string, unknown> };
  /** The names of what the sender set and the copy, or an earlier copy, does not have; '' for none. */
  readonly dropped: string;
}

/** The properties and headers that the sender set, as far as they can be sent again, with ours added. */
export function copyOf(message: ConsumeMessage, added: Record<string, unknown> = {}): MessageCopy {
  const { properties } = message;
  const publisher = publisherOf(message);
  const { kept, dropped } = encodableHeaders(ownHeadersFirst(senderHeaders(properties.headers)));
  const isSet = (name: keyof typeof properties) => properties[name] !== undefined;
  const isCopied = (name: (typeof COPIED_PROPERTIES)[number]) =>
    isEncodableProperty(name, properties[name]) && properties[name] !== DIRECT_REPLY_TO;
  const sent = COPIED_PROPERTIES.filter(isSet);
  const names = listOf([
    ...droppedBefore(properties.headers),
    ...unreadableHeaders(properties.headers),
    ...Object.keys(headersOf(properties.headers)).filter((name) => CARBON_COPY.test(name)),
    ...dropped,
    ...sent.filter((name) => !isCopied(name)),
    ...UNCOPIED_PROPERTIES.filter(isSet),
  ]);
  return {
    properties: {
      ...Object.fromEntries(sent.filter(isCopied).map((name) => [name, properties[name]])),
      headers: {
        ...kept,
        // The broker rejects a user id that is not that of the connection.
        ...(publisher !== undefined && { [HEADERS.publisher]: publisher }),
        ...(names !== '' && { [HEADERS.dropped]: names }),
        ...added,
      },
    },
    dropped: names,
  };
}

/** The headers that the sender set for the receivers of the message. */
export function senderHeaders(headers: unknown): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(headersOf(headers)).filter(
      ([name]) => !UNCOPIED_HEADERS.test(name) && !CARBON_COPY.test(name),
    ),
  );
}

function headersOf(headers: unknown): object {
  return typeof headers === 'object' && headers !== null ? headers : {};
}

/** Most important first. */
const OURS: readonly string[] = Object.values(HEADERS);

/**
 * If the headers are too large together, the key and the message's history must be kept. Dead-letter headers are not
 * copied: a replay is no longer a dead letter, and a sender may have written them.
 */
function ownHeadersFirst(headers: Record<string, unknown>): Record<string, unknown> {
  const rank = ([name]: [string, unknown]) => (OURS.includes(name) ? OURS.indexOf(name) : OURS.length);
  return Object.fromEntries(
    Object.entries(headers)
      .filter(([name]) => name !== HEADERS.dropped && !isOfDeadLetter(name))
      .toSorted((one, other) => rank(one) - rank(other)),
  );
}

const MOST_NAMES = 8;
const LONGEST_NAME = 40;

/** Names come from outside: they are shortened, and commas and white space are removed. */
function listOf(names: readonly string[]): string {
  const shown = names
    .slice(0, MOST_NAMES)
    .map((name) => printable(name.slice(0, LONGEST_NAME).replace(/[\s,\p{Cc}]+/gu, ' ')));
  return [...shown, ...(names.length > MOST_NAMES ? [`${names.length - MOST_NAMES} more`] : [])].join(', ');
}

function droppedBefore(headers: unknown): string[] {
  const earlier: unknown = Reflect.get(headersOf(headers), HEADERS.dropped);
  return typeof earlier === 'string' && earlier.length > 0
    ? earlier.split(', ').slice(0, MOST_NAMES + 1)
    : [];
}
