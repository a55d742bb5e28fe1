import { Injectable, type PipeTransform } from '@nestjs/common';
import { Environment } from '../config/environment';
import { shapeProblems } from '../input/body-shape';
import { CompiledValidation } from '../input/compiled-validation';
import { problemsOf } from '../input/field-errors';
import { InvalidAmountError, toMoney } from '../money/money';
import { PaymentMessage, type PaymentFields, type PaymentRequest } from './payment.dto';

/** A message that is not a valid payment request; `detail` names the fields, never their values. */
export class InvalidPaymentError extends Error {
  override readonly name = 'InvalidPaymentError';
}

/** Turns a message body into a payment that can be charged. */
@Injectable()
export class PaymentRequestPipe implements PipeTransform<unknown, PaymentRequest> {
  private readonly validation = new CompiledValidation(PaymentMessage, 'refused');

  constructor(private readonly environment: Environment) {}

  /** @throws InvalidPaymentError naming every wrong field */
  transform(body: unknown): PaymentRequest {
    const wrongShape = shapeProblems(body, 'body').map(({ problem }) => problem);
    if (wrongShape.length > 0) throw new InvalidPaymentError(wrongShape.join('; '));
    const message = this.validation.instanceOf(Object(body) as object);
    const problems = problemsOf(this.validation.errorsOf(message), body);
    if (problems.length > 0) throw new InvalidPaymentError(problems.join('; '));
    try {
      return acceptPayment(message, this.environment);
    } catch (error) {
      if (error instanceof InvalidAmountError) throw new InvalidPaymentError(error.message);
      throw error;
    }
  }
}

/**
 * Fills in the defaults and converts the amount.
 *
 * @throws InvalidAmountError when the currency does not allow the amount
 */
export function acceptPayment(fields: PaymentFields, environment: Environment): PaymentRequest {
  return {
    paymentId: fields.paymentId,
    customerId: fields.customerId,
    paymentMethodId: fields.paymentMethodId ?? environment.stripeDefaultPaymentMethod,
    ...(fields.gatewayCustomerId && { gatewayCustomerId: fields.gatewayCustomerId }),
    money: toMoney(fields.amount, fields.currency ?? environment.paymentDefaultCurrency),
    ...(fields.receiptEmail && { receiptEmail: fields.receiptEmail }),
  };
}
