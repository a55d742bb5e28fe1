import { Injectable, type PipeTransform } from '@nestjs/common';
import { CompiledValidation } from '../input/compiled-validation';
import { PaymentSucceeded } from '../payment/payment-succeeded';

/** A message that is not a valid `payment.succeeded`; the message names the fields, never their values. */
class InvalidEventError extends Error {
  override readonly name = 'InvalidEventError';
}

/** Validates a message body as a `payment.succeeded` event. */
@Injectable()
export class PaymentSucceededPipe implements PipeTransform<unknown, PaymentSucceeded> {
  private readonly validation = new CompiledValidation(PaymentSucceeded, 'left-out');

  /** @throws InvalidEventError naming every wrong field */
  transform(body: unknown): PaymentSucceeded {
    const event = this.validation.instanceOf(Object(body) as object);
    const errors = this.validation.errorsOf(event);
    if (errors.length > 0) {
      throw new InvalidEventError(
        errors.flatMap(({ constraints }) => Object.values(constraints ?? {})).join('; '),
      );
    }
    return event;
  }
}
