import { randomUUID } from 'node:crypto';
import {
  Body,
  Controller,
  Get,
  HttpCode,
  HttpStatus,
  NotFoundException,
  Param,
  Post,
  Query,
  ServiceUnavailableException,
} from '@nestjs/common';
import { Environment } from '../config/environment';
import {
  Idempotent,
  IdempotencyContext,
  InvalidIdempotencyKeyError,
  StoreUnavailableError,
  checkKey,
} from '../idempotency';
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

  /** A client that repeats its request, with the same key, publishes once and gets the first answer again. */
  @Post()
  @HttpCode(HttpStatus.ACCEPTED)
  @Idempotent({ scope: 'publication', whenKeyMissing: 'process' })
  async publish(
    @Body(fieldErrorsPipe) body: PublishPaymentBody,
    @Query(fieldErrorsPipe) { copies }: PublishPaymentQuery,
    @IdempotencyContext() context: IdempotencyContext | undefined,
  ): Promise<PublishedPayment> {
    const idempotencyKey = context?.key ?? randomUUID();
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
      const state = await this.payments.stateOf(keyFrom(idempotencyKey));
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

function keyFrom(path: string): string {
  try {
    return checkKey(path, 'path');
  } catch (error) {
    if (error instanceof InvalidIdempotencyKeyError) {
      throw fieldErrors([{ field: 'idempotencyKey', problem: error.message }]);
    }
    throw error;
  }
}
