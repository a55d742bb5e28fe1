import {
  Body,
  ConflictException,
  Controller,
  Delete,
  Get,
  HttpCode,
  HttpStatus,
  NotFoundException,
  Param,
  Post,
  Query,
  ServiceUnavailableException,
} from '@nestjs/common';
import { ApiBody, ApiOkResponse } from '@nestjs/swagger';
import { ApiError, ApiFieldErrors } from '../../http/api-answers';
import { fieldErrorsPipe } from '../../input/field-errors';
import { StoreUnavailableError } from 'nestjs-idempotent';
import { BrokerTimeoutError } from './broker-steps';
import type { DeadLetter, DeadLetterContent } from './dead-letter';
import { DeadLetters, UnknownDeadLetterError, type DeadLetterList } from './dead-letters';
import { DeadLettersLockedError } from './reading';
import {
  DEAD_LETTER_EXAMPLE,
  DeadLetterAnswer,
  DeadLetterContentAnswer,
  DeadLetterListAnswer,
  ListQuery,
  ReplayBody,
  ReplayedAnswer,
} from './dead-letters.dto';

const ApiUnknown = () =>
  ApiError({
    status: 404,
    description: 'No dead letter has the id.',
    message: "no dead letter has the id 'c0ffee'; list them to see the ids",
  });
const ApiLocked = () =>
  ApiError({
    status: 409,
    description: 'Another process is reading them: two readers at once would hide messages from each other.',
    message: 'another process is reading the dead letters; try again when it has finished',
  });
const ApiUnavailable = () =>
  ApiError({
    status: 503,
    description: 'RabbitMQ, or Redis, which a replay needs, is unavailable.',
    message: 'RabbitMQ is not connected; try again when /health/ready is green',
  });
const CONTENT_EXAMPLE = {
  ...DEAD_LETTER_EXAMPLE,
  headers: { 'idempotency-key': 'abc-123-def-456', 'x-attempts': 8 },
  body: '{"paymentId":"PAY-001","amount":99.99,"customerId":"CUST-001"}',
};

/** The same as `npm run dead-letters`, as a development tool. */
@Controller('dead-letters')
export class DeadLettersController {
  constructor(private readonly deadLetters: DeadLetters) {}

  @Get()
  @ApiOkResponse({
    type: DeadLetterListAnswer,
    description: 'The oldest ones.',
    example: { total: 1, deadLetters: [DEAD_LETTER_EXAMPLE] },
  })
  @ApiFieldErrors({ field: 'limit', problem: 'limit must not be greater than 1000' })
  @ApiLocked()
  @ApiUnavailable()
  list(@Query(fieldErrorsPipe) { limit }: ListQuery): Promise<DeadLetterList> {
    return answer(this.deadLetters.list(limit));
  }

  @Get(':id')
  @ApiOkResponse({
    type: DeadLetterContentAnswer,
    description: 'The complete message.',
    example: CONTENT_EXAMPLE,
  })
  @ApiUnknown()
  @ApiLocked()
  @ApiUnavailable()
  show(@Param('id') id: string): Promise<DeadLetterContent> {
    return answer(this.deadLetters.show(id));
  }

  @Post('replay')
  @ApiBody({
    type: ReplayBody,
    examples: {
      one: { value: { id: '05a831c93693' } },
      all: { value: { all: true } },
      forced: {
        summary: 'Also when it is outside the deduplication window',
        value: { id: '05a831c93693', force: true },
      },
    },
  })
  @ApiOkResponse({
    type: ReplayedAnswer,
    description: 'Published to its queue again, with its own key: never charged twice.',
    example: { replayed: 1 },
  })
  @ApiFieldErrors({ field: 'all', problem: 'all must be true, or id must be the id of a dead letter' })
  @ApiUnknown()
  @ApiLocked()
  @ApiUnavailable()
  @HttpCode(HttpStatus.OK)
  async replay(@Body(fieldErrorsPipe) { id, force }: ReplayBody): Promise<{ replayed: number }> {
    if (id === undefined) return { replayed: await answer(this.deadLetters.replayAll({ force })) };
    await answer(this.deadLetters.replay(id, { force }));
    return { replayed: 1 };
  }

  @Delete(':id')
  @ApiOkResponse({
    type: DeadLetterAnswer,
    description: 'Removed permanently.',
    example: DEAD_LETTER_EXAMPLE,
  })
  @ApiUnknown()
  @ApiLocked()
  @ApiUnavailable()
  drop(@Param('id') id: string): Promise<DeadLetter> {
    return answer(this.deadLetters.drop(id));
  }
}

async function answer<T>(done: Promise<T>): Promise<T> {
  try {
    return await done;
  } catch (error) {
    if (error instanceof UnknownDeadLetterError) throw new NotFoundException(error.message);
    if (error instanceof DeadLettersLockedError) throw new ConflictException(error.message);
    if (error instanceof BrokerTimeoutError || error instanceof StoreUnavailableError)
      throw new ServiceUnavailableException(error.message);
    throw error;
  }
}
