import { Injectable } from '@nestjs/common';
import type { ConsumeMessage } from 'amqplib';
import type { Disposition } from '../messaging/disposition';
import type { PaymentFields } from './payment.dto';

/** What happens to payments outside the idempotency engine. */
export type PaymentHappening =
  | {
      readonly kind: 'published';
      readonly idempotencyKey: string;
      readonly payment: PaymentFields;
      readonly copies: number;
      /** Milliseconds since 1970. The happening itself comes later, when the broker has confirmed. */
      readonly sentAt: number;
    }
  /** Not charged now: a copy of the message waits, or is a dead letter. */
  | {
      readonly kind: 'failed';
      readonly message: ConsumeMessage;
      readonly disposition: Disposition;
      /** Undefined where the request was refused before its key was claimed. */
      readonly claimedKey: string | undefined;
    };

type Listener = (happening: PaymentHappening) => void;

/** For those who watch payments. Nobody listens unless the development endpoints are on, and then nothing is done. */
@Injectable()
export class PaymentActivity {
  private readonly listeners = new Set<Listener>();

  /** Listeners run synchronously and must not throw. Returns the function that ends the subscription. */
  on(listener: Listener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  emit(happening: PaymentHappening): void {
    for (const listener of this.listeners) listener(happening);
  }
}
