import { Injectable } from '@nestjs/common';
import type { ConsumeMessage } from 'amqplib';
import type { DeadLetter, Delay } from './disposition';

/** What happens to messages outside the idempotency engine. */
export type MessageEvent =
  | {
      readonly kind: 'published';
      readonly routingKey: string;
      /** The key that the message is claimed under. */
      readonly key: string;
      readonly body: object;
      readonly copies: number;
      /** Milliseconds since 1970. The event itself comes later, when the broker has confirmed. */
      readonly sentAt: number;
    }
  /** The message was not processed: a copy is delayed, or is a dead letter. */
  | {
      readonly kind: 'settled';
      readonly queue: string;
      readonly message: ConsumeMessage;
      readonly disposition: Delay | DeadLetter;
      /** Undefined if the message was rejected before its key was claimed. */
      readonly key: string | undefined;
    }
  /** What a message asked for ended later than its processing. */
  | { readonly kind: 'ended'; readonly queue: string; readonly key: string; readonly result: object };

type Listener = (event: MessageEvent) => void;

/** For the development console; without a listener an event costs nothing. */
@Injectable()
export class MessageEvents {
  private readonly listeners = new Set<Listener>();

  /** Listeners run synchronously and must not throw. Returns the function that ends the subscription. */
  on(listener: Listener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  emit(event: MessageEvent): void {
    for (const listener of this.listeners) listener(event);
  }
}
