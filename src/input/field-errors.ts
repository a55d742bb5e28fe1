import { BadRequestException, ValidationPipe, type ArgumentMetadata } from '@nestjs/common';
import type { ValidationError } from 'class-validator';
import { hiddenFields, shapeProblems } from './body-shape';
import { problemOfUnknown, type FieldError } from './field-names';

/** A 400 that names each wrong field, for people (`message`) and for programs (`errors`). */
class FieldErrorsException extends BadRequestException {
  constructor(readonly errors: readonly FieldError[]) {
    super({
      statusCode: 400,
      error: 'Bad Request',
      message: errors.map(({ problem }) => problem),
      errors,
    });
  }
}

export function fieldErrors(errors: readonly FieldError[]): BadRequestException {
  return new FieldErrorsException(errors);
}

class FieldErrorsPipe extends ValidationPipe {
  override async transform(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    const wrongShape = shapeProblems(value, metadata.type);
    if (wrongShape.length > 0) throw fieldErrors(wrongShape);
    // Before Nest removes them.
    const hidden = hiddenFields(value);
    const checked: unknown = await super.transform(value, metadata).catch((error: unknown) => {
      throw error instanceof FieldErrorsException ? fieldErrors([...error.errors, ...hidden]) : error;
    });
    if (hidden.length > 0) throw fieldErrors(hidden);
    return checked;
  }
}

/** Checks a body or query against its class; unknown fields are errors, and only fields with `@Type` are converted. */
export const fieldErrorsPipe = new FieldErrorsPipe({
  transform: true,
  transformOptions: { exposeDefaultValues: true },
  whitelist: true,
  forbidNonWhitelisted: true,
  exceptionFactory: (errors: ValidationError[]) => fieldErrors(errors.flatMap(errorsOf)),
});

/** The problems of a message's fields, one sentence each. */
export function problemsOf(errors: readonly ValidationError[], body: unknown): string[] {
  const problems = [...errors.flatMap(errorsOf), ...hiddenFields(body)].map(({ problem }) => problem);
  // Fields that Nest would have removed from a request are found twice here.
  return [...new Set(problems)];
}

function errorsOf({ property, constraints = {} }: ValidationError): FieldError[] {
  const { whitelistValidation: unknown, ...others } = constraints;
  return [
    ...Object.values(others).map((problem) => ({ field: property, problem })),
    ...(unknown === undefined ? [] : [problemOfUnknown(property)]),
  ];
}
