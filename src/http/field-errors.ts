import { BadRequestException, ValidationPipe } from '@nestjs/common';
import type { ValidationError } from 'class-validator';

interface FieldError {
  readonly field: string;
  readonly problem: string;
}

/** A 400 that names each wrong field, for people (`message`) and for programs (`errors`). */
export function fieldErrors(errors: FieldError[]): BadRequestException {
  return new BadRequestException({
    statusCode: 400,
    error: 'Bad Request',
    message: errors.map(({ problem }) => problem),
    errors,
  });
}

/** Checks a body or query against its class; unknown fields are errors, and nothing is coerced that has no `@Type`. */
export const fieldErrorsPipe = new ValidationPipe({
  transform: true,
  transformOptions: { exposeDefaultValues: true },
  whitelist: true,
  forbidNonWhitelisted: true,
  exceptionFactory: (errors: ValidationError[]) =>
    fieldErrors(
      errors.flatMap(({ property, constraints }) =>
        Object.values(constraints ?? {}).map((problem) => ({ field: property, problem })),
      ),
    ),
});
