import { applyDecorators } from '@nestjs/common';
import { ApiAcceptedResponse, ApiBody, ApiHeader, ApiOkResponse } from '@nestjs/swagger';
import { ApiError, ApiFieldErrors, ApiProblem } from '../http/api-answers';
import { PaymentState, PublishedPayment, PublishPaymentBody } from './payment-publisher.dto';

const KEY = '5f6c9d1e-0000-4000-8000-000000000000';
const PAYMENT = { paymentId: 'PAY-001', amount: 99.99, customerId: 'CUST-001' };
const RESULT = { paymentId: 'PAY-001', amountMinorUnits: 9999, currency: 'USD' };

/** Documents `POST /payments`. */
export const ApiPublish = () =>
  applyDecorators(
    ApiHeader({
      name: 'Idempotency-Key',
      required: false,
      description: 'Without it, the service generates a UUID.',
      schema: { type: 'string', minLength: 1, maxLength: 255 },
      example: 'abc-123-def-456',
    }),
    ApiBody({
      type: PublishPaymentBody,
      examples: {
        short: { summary: 'with the defaults', value: PAYMENT },
        declined: {
          summary: 'on a card that declines, in yen',
          value: {
            ...PAYMENT,
            amount: 500,
            currency: 'JPY',
            paymentMethodId: 'pm_card_visa_chargeDeclined',
            receiptEmail: 'customer@example.com',
          },
        },
      },
    }),
    ApiAcceptedResponse({
      type: PublishedPayment,
      description: 'The broker has confirmed every copy.',
      example: { paymentId: 'PAY-001', idempotencyKey: KEY, copies: 1 },
    }),
    ApiProblem({
      status: 400,
      description: 'Fields are invalid, and each one is named; or the key is invalid.',
      title: 'Idempotency-Key is invalid',
      detail:
        "the idempotency key in the header 'idempotency-key' must be 1 to 255 visible ASCII characters; it has 256 characters",
      code: 'invalid-idempotency-key',
      or: { errors: [{ field: 'amount', problem: 'amount must be more than zero' }] },
    }),
    ApiProblem({
      status: 409,
      description: 'The same request is being processed.',
      title: 'A request is outstanding for this Idempotency-Key',
      detail: 'A request with the same key is being processed; repeat this one to get its answer.',
      code: 'in-progress',
    }),
    ApiProblem({
      status: 422,
      description: 'The key was used with another payload.',
      title: 'Idempotency-Key is already used',
      detail: 'The key was used before with another payload; a new request needs a new key.',
      code: 'idempotency-key-reused',
    }),
    ApiProblem({
      status: 503,
      description:
        'The broker did not confirm in time, or Redis is unavailable: repeat the request with the same key.',
      title: 'The outcome of this request is not known',
      detail: 'Repeat it with the same key to find out.',
      code: 'store-unavailable',
      or: { message: `RabbitMQ is not connected; repeat it with the Idempotency-Key ${KEY}` },
    }),
  );

/** Documents `GET /payments/:idempotencyKey`. */
export const ApiFind = () =>
  applyDecorators(
    ApiOkResponse({
      type: PaymentState,
      description: 'The state of the payment with this key.',
      examples: {
        succeeded: {
          summary: 'charged',
          value: {
            idempotencyKey: KEY,
            state: 'completed',
            attempts: 1,
            processedAt: '2026-01-02T03:04:05.678Z',
            result: { ...RESULT, status: 'succeeded', chargeId: 'pi_1' },
          },
        },
        declined: {
          summary: 'declined',
          value: {
            idempotencyKey: KEY,
            state: 'completed',
            attempts: 1,
            processedAt: '2026-01-02T03:04:05.678Z',
            result: { ...RESULT, status: 'declined', chargeId: 'pi_2', declineCode: 'generic_decline' },
          },
        },
        inProgress: {
          summary: 'in progress',
          value: { idempotencyKey: KEY, state: 'in_progress', attempts: 2 },
        },
      },
    }),
    ApiFieldErrors({
      field: 'idempotencyKey',
      problem:
        'the idempotency key in the path must be 1 to 255 visible ASCII characters; it has 9 characters, some of them not allowed',
    }),
    ApiError({
      status: 404,
      description: 'The key is unknown.',
      message: 'no payment is known under this idempotency key',
    }),
    ApiError({
      status: 503,
      description: 'Redis is unavailable.',
      message: 'the idempotency store did not answer',
    }),
  );
