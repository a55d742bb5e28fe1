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
} from '@nestjs/common';
import { fieldErrorsPipe } from '../http/field-errors';
import type { DeadLetter, DeadLetterContent } from './dead-letter';
import { DeadLetters, UnknownDeadLetterError, type DeadLetterList } from './dead-letters';
import { DeadLettersBusyError } from './reading';
import { ListQuery, ReplayBody } from './dead-letters.dto';

/** The same as `npm run dead-letters`, for development. */
@Controller('dead-letters')
export class DeadLettersController {
  constructor(private readonly deadLetters: DeadLetters) {}

  @Get()
  list(@Query(fieldErrorsPipe) { limit }: ListQuery): Promise<DeadLetterList> {
    return answer(this.deadLetters.list(limit));
  }

  @Get(':id')
  show(@Param('id') id: string): Promise<DeadLetterContent> {
    return answer(this.deadLetters.show(id));
  }

  @Post('replay')
  @HttpCode(HttpStatus.OK)
  async replay(@Body(fieldErrorsPipe) { id, force }: ReplayBody): Promise<{ replayed: number }> {
    if (id === undefined) return { replayed: await answer(this.deadLetters.replayAll({ force })) };
    await answer(this.deadLetters.replay(id, { force }));
    return { replayed: 1 };
  }

  @Delete(':id')
  drop(@Param('id') id: string): Promise<DeadLetter> {
    return answer(this.deadLetters.drop(id));
  }
}

async function answer<T>(done: Promise<T>): Promise<T> {
  try {
    return await done;
  } catch (error) {
    if (error instanceof UnknownDeadLetterError) throw new NotFoundException(error.message);
    if (error instanceof DeadLettersBusyError) throw new ConflictException(error.message);
    throw error;
  }
}
