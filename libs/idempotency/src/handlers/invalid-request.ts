import { HttpException, HttpStatus } from '@nestjs/common';

const INVALID: readonly number[] = [HttpStatus.BAD_REQUEST, HttpStatus.UNPROCESSABLE_ENTITY];

/** Whether an error, such as that of a `ValidationPipe`, proves that the handler never accepts this payload. */
export function provesInvalidRequest(error: unknown): boolean {
  return error instanceof HttpException && INVALID.includes(error.getStatus());
}
