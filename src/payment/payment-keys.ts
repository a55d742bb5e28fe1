import { Injectable } from '@nestjs/common';
import type { ConsumeMessage } from 'amqplib';
import { Environment } from '../config/environment';
import {
  InvalidIdempotencyKeyError,
  isKey,
  readKey,
  type IncomingRequest,
  type KeyReader,
} from '../idempotency';
import { publisherOf } from '../messaging/message-origin';
import { HEADERS } from '../messaging/topology';

/** A request does not say who published it, where its key is that publisher's alone. */
export class MissingPublisherError extends Error {
  override readonly name = 'MissingPublisherError';
}

/** Where a payment request carries its key. */
const LOCATION = { header: HEADERS.idempotencyKey, property: 'idempotencyKey' };

/** The keys under which payments are claimed, recorded and charged. */
@Injectable()
export class PaymentKeys implements KeyReader {
  constructor(private readonly environment: Environment) {}

  /**
   * The key of a payment request.
   *
   * @throws MissingIdempotencyKeyError, InvalidIdempotencyKeyError, MissingPublisherError
   */
  keyOf({ headers, payload, source }: IncomingRequest): string {
    return this.within(readKey(LOCATION, { headers, payload }), publisherOf(source as ConsumeMessage));
  }

  /** The key of a request that this process publishes itself. */
  ofOurs(key: string): string {
    return this.within(key, this.userId);
  }

  /** What this process says of itself when it publishes a request; undefined where nobody asks. */
  get userId(): string | undefined {
    const { keysPerPublisher, rabbitmqUrls } = this.environment;
    return keysPerPublisher ? userIn(rabbitmqUrls[0] ?? '') : undefined;
  }

  /**
   * A key as its publisher chose it, made different from the same key of any other publisher (KEYS_PER_PUBLISHER).
   *
   * @throws InvalidIdempotencyKeyError, MissingPublisherError
   */
  within(key: string, publisher: string | undefined): string {
    if (!this.environment.keysPerPublisher) return key;
    if (publisher === undefined) {
      throw new MissingPublisherError(
        'it has no user_id, by which the keys of publishers are kept apart (KEYS_PER_PUBLISHER)',
      );
    }
    // The first colon is where the name ends, so that no two pairs of name and key are written alike.
    const whole = `${encodeURIComponent(publisher)}:${key}`;
    if (isKey(whole)) return whole;
    throw new InvalidIdempotencyKeyError(
      `the idempotency key has ${key.length} characters; with the name of its publisher there must be at most 255`,
    );
  }
}

/** The AMQP client's own default is guest. */
function userIn(rabbitmqUrl: string): string {
  return decodeURIComponent(new URL(rabbitmqUrl).username) || 'guest';
}
