import type { ConsumeMessage, Options } from 'amqplib';
import { printable } from '../text/printable';
import { isOfDeadLetter } from './dead-letter-headers';
import { encodableHeaders, isEncodableProperty } from './encodable';
import { unreadableHeaders } from './header-tables';
import { publisherOf } from './message-origin';
import { HEADERS } from './topology';

/**
 * Headers that must not travel on: those of the broker's own dead-lettering would make it see a cycle and drop the
 * message, and ours say what is true of one copy alone: who published it, and since when it waits here.
 */
const STAYING_HEADERS =
  /^x-(death|first-death-.*|last-death-.*|delivery-count|acquired-count|delivery-limit|opt-.*|publish-id|waiting-since)$/;
/** They would send copies to queues of the first sender's choice. */
const CARBON_COPY = /^B?CC$/;

const TRAVELLING_PROPERTIES = [
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
const STAYING_PROPERTIES = ['expiration', 'clusterId'] as const;

/** Only the connection that consumes its replies may publish with this one; anything else closes the channel. */
const DIRECT_REPLIES = 'amq.rabbitmq.reply-to';

export interface MessageCopy {
  readonly properties: Omit<Options.Publish, 'headers'> & { readonly headers: Record<string, unknown> };
  /** The names of what its sender set and the copy does not have, those of earlier copies among them; '' for none. */
  readonly dropped: string;
}

/** The properties and headers of a message as its sender set them, as far as they can be sent again, with ours added. */
export function copyOf(message: ConsumeMessage, added: Record<string, unknown> = {}): MessageCopy {
  const { properties } = message;
  const publisher = publisherOf(message);
  const { kept, dropped } = encodableHeaders(oursFirst(senderHeaders(properties.headers)));
  const isSet = (name: keyof typeof properties) => properties[name] !== undefined;
  const travels = (name: (typeof TRAVELLING_PROPERTIES)[number]) =>
    isEncodableProperty(name, properties[name]) && properties[name] !== DIRECT_REPLIES;
  const sent = TRAVELLING_PROPERTIES.filter(isSet);
  const names = listOf([
    ...droppedBefore(properties.headers),
    ...unreadableHeaders(properties.headers),
    ...Object.keys(headersOf(properties.headers)).filter((name) => CARBON_COPY.test(name)),
    ...dropped,
    ...sent.filter((name) => !travels(name)),
    ...STAYING_PROPERTIES.filter(isSet),
  ]);
  return {
    properties: {
      ...Object.fromEntries(sent.filter(travels).map((name) => [name, properties[name]])),
      headers: {
        ...kept,
        // The broker takes no user id but our own.
        ...(publisher !== undefined && { [HEADERS.publisher]: publisher }),
        ...(names !== '' && { [HEADERS.dropped]: names }),
        ...added,
      },
    },
    dropped: names,
  };
}

/** The headers that a message's sender may have set for those who get it. */
export function senderHeaders(headers: unknown): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(headersOf(headers)).filter(
      ([name]) => !STAYING_HEADERS.test(name) && !CARBON_COPY.test(name),
    ),
  );
}

function headersOf(headers: unknown): object {
  return typeof headers === 'object' && headers !== null ? headers : {};
}

/** By weight: what a message cannot do without comes first. */
const OURS: readonly string[] = Object.values(HEADERS);

/**
 * Where there is too much, the key and the message's history must not be what goes. What is said of a dead letter is not
 * said of its replay, nor of a copy whose sender wrote it.
 */
function oursFirst(headers: Record<string, unknown>): Record<string, unknown> {
  const weight = ([name]: [string, unknown]) => (OURS.includes(name) ? OURS.indexOf(name) : OURS.length);
  return Object.fromEntries(
    Object.entries(headers)
      .filter(([name]) => name !== HEADERS.dropped && !isOfDeadLetter(name))
      .toSorted((one, other) => weight(one) - weight(other)),
  );
}

const MOST_NAMES = 8;
const LONGEST_NAME = 40;

/** Names come from outside: bounded, and without what separates them. */
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
