import { checkedLimits, type RepeatLimits } from './limits';
import { operationKey } from './operation-key';
import { REAL_TIMING, repeatOperation, type Attempted, type Timing } from './repeat';

/** What the helper sets in the options of a publish. The rest is the caller's, and the connection's. */
export interface PublishOptions {
  readonly headers?: unknown;
  /** Seconds since 1970. */
  readonly timestamp?: number | undefined;
  readonly persistent?: boolean | undefined;
}

/**
 * What publishes: an `AmqpConnection` of @golevelup/nestjs-rabbitmq, or a class of your own. Its promise resolves when the
 * broker has confirmed the message.
 */
export interface PublishingConnection<Options extends PublishOptions> {
  publish(exchange: string, routingKey: string, message: unknown, options?: Options): Promise<unknown>;
  /** As `AmqpConnection` has it. */
  readonly configuration?: {
    readonly serializer?: (message: unknown) => Uint8Array;
    readonly defaultPublishOptions?: PublishOptions;
  };
}

/** Settings of {@link createIdempotentPublish}. Default limits: 5 attempts of 5 s each, 30 s together. */
export interface IdempotentPublishSettings extends RepeatLimits {
  /**
   * Which errors of `publish()` are followed by another attempt; others are thrown as they are, so they must prove that
   * nothing was published. Default: every rejection. What `publish()` throws at once, without a promise, is never repeated.
   */
  readonly isRepeated?: (error: unknown) => boolean;
}

/** One operation: a message. */
export interface IdempotentMessage<Options> {
  readonly exchange: string;
  readonly routingKey: string;
  /** As `AmqpConnection.publish()` takes it. */
  readonly message: unknown;
  /** Other properties and headers, such as `mandatory` or `expiration`. */
  readonly options?: Options;
  /** A key that was stored with the operation before it was published. Default: a new UUID (version 4) for each call. */
  readonly idempotencyKey?: string;
  /** Ends the call at once; a message that was sent is not called back. */
  readonly signal?: AbortSignal;
}

/** A message that the broker has confirmed, by the key it was published with. */
export interface PublishedMessage {
  readonly idempotencyKey: string;
}

/** Publishes a message, once for each receiver that knows its key. */
export type IdempotentPublish<Options extends PublishOptions> = (
  message: IdempotentMessage<Options>,
) => Promise<PublishedMessage>;

const KEY_HEADER = 'idempotency-key';
const DEFAULT_LIMITS = { maxAttempts: 5, attemptTimeoutMs: 5_000, maxTotalMs: 30_000 };

/**
 * Makes a publish() whose every call is one operation: it makes one key, or takes the caller's, publishes the message with
 * it in the header `idempotency-key`, persistent and with the `timestamp` of the first attempt, and publishes it again, the
 * same in every byte, while the broker has not confirmed it. So a queue may hold it more than once, under one key.
 *
 * `mandatory` is what the options or the connection say. Note that a broker confirms a mandatory message that no queue
 * takes, and `AmqpConnection` ignores that it comes back: listen to the channel's event `return`.
 *
 * The function throws
 * - `OutcomeUnknownError`, with the key, when the last attempt was not confirmed, or the caller's signal aborts the call
 * - `TypeError`, before anything is sent, for a wrong key
 * - what `publish()` throws at once, such as an error of the serializer, and errors that are not repeated
 *
 * @throws RangeError for limits that are not whole numbers
 *
 * @example
 * const publish = createIdempotentPublish(amqpConnection);
 * await publish({ exchange: 'shop', routingKey: 'order.paid', message: order, idempotencyKey: order.key });
 */
export function createIdempotentPublish<Options extends PublishOptions>(
  connection: PublishingConnection<Options>,
  settings: IdempotentPublishSettings = {},
): IdempotentPublish<Options> {
  return idempotentPublishWith(REAL_TIMING, connection, settings);
}

export function idempotentPublishWith<Options extends PublishOptions>(
  timing: Timing,
  connection: PublishingConnection<Options>,
  { isRepeated = () => true, ...settings }: IdempotentPublishSettings = {},
): IdempotentPublish<Options> {
  const limits = checkedLimits(settings, DEFAULT_LIMITS);
  return async ({ exchange, routingKey, message, options, idempotencyKey: option, signal }) => {
    const { configuration } = connection;
    const headers = { ...headersIn(configuration?.defaultPublishOptions), ...headersIn(options) };
    const idempotencyKey = operationKey({ option, header: headers[KEY_HEADER] });
    const sent = {
      // The age of the operation counts from its first attempt.
      timestamp: Math.floor(Date.now() / 1000),
      persistent: true,
      ...options,
      headers: { ...headers, [KEY_HEADER]: idempotencyKey },
    };
    const content = contentOf(message, configuration?.serializer);
    const attempt = async (_: AbortSignal, timeoutMs: number): Promise<Attempted<PublishedMessage>> => {
      // `timeout`: the client under `AmqpConnection` then forgets a message that it could not send. Without it, it would send
      // the message when it has reconnected, long after this attempt.
      const properties = { ...sent, timeout: timeoutMs } as unknown as Options;
      const confirmed = connection.publish(exchange, routingKey, content, properties);
      try {
        await confirmed;
        return { kind: 'done', value: { idempotencyKey } };
      } catch (error) {
        if (!isRepeated(error)) throw error;
        return { kind: 'no-answer', cause: error };
      }
    };
    return repeatOperation({ idempotencyKey, signal, attempt }, limits, timing);
  };
}

function headersIn(options: PublishOptions | undefined): Record<string, unknown> {
  return { ...(typeof options?.headers === 'object' ? options.headers : {}) };
}

/** The bytes of the message now: what the caller changes in it later is not published under this key. */
function contentOf(message: unknown, serializer: ((message: unknown) => Uint8Array) | undefined): unknown {
  if (message instanceof Uint8Array) return Buffer.from(message);
  return serializer && message !== null && message !== undefined ? serializer(message) : message;
}
