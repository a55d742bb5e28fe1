import { Injectable } from '@nestjs/common';
import type { ConsumeMessage } from 'amqplib';
import { Environment } from '../config/environment';
import {
  InvalidIdempotencyKeyError,
  isKey,
  readKey,
  type IncomingRequest,
  type KeyReader,
} from 'nestjs-idempotent';
import { publisherOf } from '../messaging/message-headers';
import { HEADERS } from '../messaging/topology';

/** A request without the id of its publisher, while keys belong to one publisher each (KEYS_PER_PUBLISHER). */
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

  /** A key of this service as its message has it. */
  asSent(key: string): string {
    return this.environment.keysPerPublisher ? key.slice(key.indexOf(':') + 1) : key;
  }

  /** The user id that this process sets on requests that it publishes; undefined without KEYS_PER_PUBLISHER. */
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
        'it has no user_id, which separates the keys of publishers (KEYS_PER_PUBLISHER)',
      );
    }
    // The name is encoded and so has no colon: different pairs of name and key never give the same text.
    const whole = `${encodeURIComponent(publisher)}:${key}`;
    if (isKey(whole)) return whole;
    throw new InvalidIdempotencyKeyError(
      `the idempotency key has ${key.length} characters; with the name of its publisher there must be at most 255`,
    );
  }
}

/** The default of the AMQP client is guest. */
function userIn(rabbitmqUrl: string): string {
  return decodeURIComponent(new URL(rabbitmqUrl).username) || 'guest';
}
