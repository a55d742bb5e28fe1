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
      errors.flatMap((error) => problemsOf(error).map((problem) => ({ field: nameOf(error), problem }))),
    ),
});

/** What is wrong with a field, in sentences that name it. */
export function problemsOf(error: ValidationError): string[] {
  const problems = Object.values(error.constraints ?? {});
  return problems.map((problem) => problem.replaceAll(error.property, () => nameOf(error)));
}

/** Names of unknown fields come from outside: one that is no name may be anything, and is not repeated. */
function nameOf({ property }: ValidationError): string {
  return /^[A-Za-z_]\w{0,63}$/.test(property) ? property : '[odd name]';
}
