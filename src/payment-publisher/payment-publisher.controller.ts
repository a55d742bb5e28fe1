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
  UseInterceptors,
} from '@nestjs/common';
import { Environment } from '../config/environment';
import {
  Idempotent,
  InvalidIdempotencyKeyError,
  StoreUnavailableError,
  checkKey,
  plainKey,
  readKey,
  type IncomingRequest,
} from 'nestjs-idempotent';
import { OutcomeUnknownError } from 'nestjs-idempotent/client';
import { LedgerUnavailableError } from '../ledger/ledger-errors';
import { PublishReturnedError, PublishUnconfirmedError } from '../messaging/publisher';
import { InvalidAmountError } from '../money/money';
import { acceptPayment } from '../payment/payment-request.pipe';
import { TracedRequest } from '../observability/tracing/traced-request.interceptor';
import { fieldErrors, fieldErrorsPipe } from '../input/field-errors';
import { messageOf } from '../text/message-of';
import { ApiFind, ApiPublish } from './payment-publisher.documentation';
import {
  PublishPaymentBody,
  PublishPaymentQuery,
  PaymentState,
  PublishedPayment,
} from './payment-publisher.dto';
import { PaymentPublisherService } from './payment-publisher.service';

/** A development tool that does what a merchant's shop does in production. */
@Controller('payments')
export class PaymentPublisherController {
  constructor(
    private readonly payments: PaymentPublisherService,
    private readonly environment: Environment,
  ) {}

  @Post()
  @ApiPublish()
  @HttpCode(HttpStatus.ACCEPTED)
  @Idempotent({ scope: 'publication', key: publicationKey, whenKeyMissing: 'process' })
  // The lowest decorator is the outermost interceptor, so the trace includes the call to the store.
  @UseInterceptors(TracedRequest)
  async publish(
    @Body(fieldErrorsPipe) body: PublishPaymentBody,
    @Query(fieldErrorsPipe) { copies = 1 }: PublishPaymentQuery,
    @Headers('idempotency-key') header: string | undefined,
  ): Promise<PublishedPayment> {
    const idempotencyKey = header === undefined ? randomUUID() : plainKey(header);
    this.rejectUnchargeable(body);
    try {
      return await this.payments.publish(body, idempotencyKey, copies);
    } catch (error) {
      if (isUnpublished(error)) {
        const problem = error instanceof OutcomeUnknownError ? error.cause : error;
        throw new ServiceUnavailableException(
          `${messageOf(problem)}; repeat it with the Idempotency-Key ${idempotencyKey}`,
        );
      }
      throw keyProblemOr(error);
    }
  }

  @Get(':idempotencyKey')
  @ApiFind()
  async find(@Param('idempotencyKey') idempotencyKey: string): Promise<PaymentState> {
    try {
      const state = await this.payments.stateOf(keyFrom(idempotencyKey));
      if (!state) throw new NotFoundException('no payment is known under this idempotency key');
      return state;
    } catch (error) {
      if (error instanceof StoreUnavailableError || error instanceof LedgerUnavailableError)
        throw new ServiceUnavailableException(error.message);
      throw keyProblemOr(error);
    }
  }

  /** Rejects a payment that the consumer would dead-letter. */
  private rejectUnchargeable(body: PublishPaymentBody): void {
    try {
      acceptPayment(body, this.environment);
    } catch (error) {
      if (error instanceof InvalidAmountError)
        throw fieldErrors([{ field: 'amount', problem: error.message }]);
      throw error;
    }
  }
}

/**
 * A client that repeats its request publishes once, and gets the first answer again. With `copies` it wants duplicates, so
 * each such request counts as a new one.
 *
 * @throws MissingIdempotencyKeyError, InvalidIdempotencyKeyError
 */
function publicationKey({ headers, source }: IncomingRequest): string {
  const key = readKey({ header: 'idempotency-key' }, { headers, payload: undefined });
  const { query } = source as { query?: Record<string, unknown> };
  return query?.['copies'] === undefined ? key : randomUUID();
}

function keyFrom(path: string): string {
  try {
    return checkKey(path, 'path');
  } catch (error) {
    throw keyProblemOr(error);
  }
}

/** Whether the request may not be in its queue. */
function isUnpublished(error: unknown): boolean {
  return [OutcomeUnknownError, PublishUnconfirmedError, PublishReturnedError].some(
    (type) => error instanceof type,
  );
}

function keyProblemOr(error: unknown): unknown {
  return error instanceof InvalidIdempotencyKeyError
    ? fieldErrors([{ field: 'idempotencyKey', problem: error.message }])
    : error;
}
