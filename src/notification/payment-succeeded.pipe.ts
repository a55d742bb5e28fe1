import { Injectable, type PipeTransform } from '@nestjs/common';
import { plainToInstance } from 'class-transformer';
import { validateSync } from 'class-validator';
import { PaymentSucceeded } from '../payment/payment-succeeded';

/** A message that is not a valid `payment.succeeded`; the message names the fields, never their values. */
class InvalidEventError extends Error {
  override readonly name = 'InvalidEventError';
}

/** Validates a message body as a `payment.succeeded` event. */
@Injectable()
export class PaymentSucceededPipe implements PipeTransform<unknown, PaymentSucceeded> {
  /** @throws InvalidEventError naming every wrong field */
  transform(body: unknown): PaymentSucceeded {
    const event = plainToInstance(PaymentSucceeded, body, { exposeDefaultValues: false });
    const errors = validateSync(event, { whitelist: true });
    if (errors.length > 0) {
      throw new InvalidEventError(
        errors.flatMap(({ constraints }) => Object.values(constraints ?? {})).join('; '),
      );
    }
    return event;
  }
}
