import { randomUUID } from 'node:crypto';
import {
  Body,
  Controller,
  Get,
  Headers,
  HttpCode,
  HttpStatus,
  NotFoundException,
  Param,
  Post,
  Query,
  ServiceUnavailableException,
} from '@nestjs/common';
import { Environment } from '../config/environment';
import { InvalidIdempotencyKeyError, StoreUnavailableError, checkKey } from '../idempotency';
import { PublishReturnedError, PublishUnconfirmedError } from '../messaging/publisher';
import { InvalidAmountError } from '../payment/money';
import { acceptPayment } from '../payment/payment-request.pipe';
import { fieldErrors, fieldErrorsPipe } from '../http/field-errors';
import {
  PublishPaymentBody,
  PublishPaymentQuery,
  type PaymentState,
  type PublishedPayment,
} from './payment-publisher.dto';
import { PaymentPublisherService } from './payment-publisher.service';

/** A development tool: what a merchant's shop would do in production. */
@Controller('payments')
export class PaymentPublisherController {
  constructor(
    private readonly payments: PaymentPublisherService,
    private readonly environment: Environment,
  ) {}

  @Post()
  @HttpCode(HttpStatus.ACCEPTED)
  async publish(
    @Body(fieldErrorsPipe) body: PublishPaymentBody,
    @Query(fieldErrorsPipe) { copies }: PublishPaymentQuery,
    @Headers('idempotency-key') header: string | undefined,
  ): Promise<PublishedPayment> {
    const idempotencyKey = header === undefined ? randomUUID() : keyFrom(header, 'header Idempotency-Key');
    this.refuseUnchargeable(body);
    try {
      return await this.payments.publish(body, idempotencyKey, copies);
    } catch (error) {
      if (error instanceof PublishUnconfirmedError || error instanceof PublishReturnedError) {
        throw new ServiceUnavailableException(
          `${error.message}; repeat it with the Idempotency-Key ${idempotencyKey}`,
        );
      }
      throw error;
    }
  }

  @Get(':idempotencyKey')
  async find(@Param('idempotencyKey') idempotencyKey: string): Promise<PaymentState> {
    try {
      const state = await this.payments.stateOf(keyFrom(idempotencyKey, 'path'));
      if (!state) throw new NotFoundException('no payment is known under this idempotency key');
      return state;
    } catch (error) {
      if (error instanceof StoreUnavailableError) throw new ServiceUnavailableException(error.message);
      throw error;
    }
  }

  /** What the consumer would dead-letter is better refused here. */
  private refuseUnchargeable(body: PublishPaymentBody): void {
    try {
      acceptPayment(body, this.environment);
    } catch (error) {
      if (error instanceof InvalidAmountError)
        throw fieldErrors([{ field: 'amount', problem: error.message }]);
      throw error;
    }
  }
}

function keyFrom(value: string, field: string): string {
  try {
    return checkKey(value, field);
  } catch (error) {
    if (error instanceof InvalidIdempotencyKeyError) throw fieldErrors([{ field, problem: error.message }]);
    throw error;
  }
}
