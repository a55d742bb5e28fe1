import { applyDecorators } from '@nestjs/common';
import { ApiExtraModels, ApiProperty, ApiResponse, getSchemaPath } from '@nestjs/swagger';
import type { FailureCode } from 'nestjs-idempotent';

/** The answer to any rejected request. */
export class ErrorAnswer {
  @ApiProperty({ example: 404 })
  readonly statusCode: number = 0;

  @ApiProperty({ example: 'Not Found' })
  readonly error: string = '';

  @ApiProperty({ example: 'no payment is known under this idempotency key' })
  readonly message: string = '';
}

class FieldErrorItem {
  @ApiProperty({ example: 'amount' })
  readonly field: string = '';

  @ApiProperty({ example: 'amount must be more than zero' })
  readonly problem: string = '';
}

/** A 400 that names each wrong field. */
export class FieldErrorsAnswer {
  @ApiProperty({ example: 400 })
  readonly statusCode: number = 400;

  @ApiProperty({ example: 'Bad Request' })
  readonly error: string = '';

  @ApiProperty({ type: [String], example: ['amount must be more than zero'] })
  readonly message: string[] = [];

  @ApiProperty({ type: [FieldErrorItem] })
  readonly errors: FieldErrorItem[] = [];
}

/** Problem details (RFC 9457): what is wrong with an idempotency key. */
export class ProblemAnswer {
  @ApiProperty({ format: 'uri' })
  readonly type: string = '';

  @ApiProperty({ example: 'Idempotency-Key is already used' })
  readonly title: string = '';

  @ApiProperty({ example: 422 })
  readonly status: number = 0;

  @ApiProperty({ example: 'The key was used before with another payload; a new request needs a new key.' })
  readonly detail: string = '';

  @ApiProperty({ example: 'idempotency-key-reused' })
  readonly code: string = '';
}

const STATUS_TEXTS: Readonly<Record<number, string>> = {
  404: 'Not Found',
  409: 'Conflict',
  503: 'Service Unavailable',
};
const DRAFT = 'https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-idempotency-key-header-07';

interface Documented {
  readonly status: number;
  readonly description: string;
}

const content = (type: string, model: typeof ErrorAnswer | typeof FieldErrorsAnswer | typeof ProblemAnswer) =>
  ({ mediaType: type, schema: { $ref: getSchemaPath(model) } }) as const;

/** Documents an answer with a `message`. */
export function ApiError({ status, description, message }: Documented & { readonly message: string }) {
  const example = { statusCode: status, error: STATUS_TEXTS[status] ?? 'Error', message };
  return ApiResponse({ status, description, type: ErrorAnswer, example });
}

export interface FieldProblem {
  readonly field: string;
  readonly problem: string;
}

/** Documents a 400 that names the wrong fields. */
export function ApiFieldErrors(...errors: FieldProblem[]) {
  return ApiResponse({
    status: 400,
    description: 'Fields are invalid; each one is named.',
    type: FieldErrorsAnswer,
    example: fieldErrorsExample(errors),
  });
}

function fieldErrorsExample(errors: readonly FieldProblem[]) {
  return { statusCode: 400, error: 'Bad Request', message: errors.map(({ problem }) => problem), errors };
}

export interface Problem {
  readonly title: string;
  readonly detail: string;
  readonly code: FailureCode;
}

/** Documents an answer about the idempotency key, and the other answer with the same status. */
export function ApiProblem({
  status,
  description,
  title,
  detail,
  code,
  or,
}: Documented &
  Problem & { readonly or?: { readonly message: string } | { readonly errors: FieldProblem[] } }) {
  const problem = content('application/problem+json', ProblemAnswer);
  const other = or && content('application/json', 'errors' in or ? FieldErrorsAnswer : ErrorAnswer);
  const otherExample =
    or &&
    ('errors' in or
      ? fieldErrorsExample(or.errors)
      : { statusCode: status, error: STATUS_TEXTS[status] ?? 'Error', message: or.message });
  return applyDecorators(
    ApiExtraModels(ProblemAnswer, ErrorAnswer, FieldErrorsAnswer),
    ApiResponse({
      status,
      description,
      content: {
        [problem.mediaType]: {
          schema: problem.schema,
          example: { type: DRAFT, title, status, detail, code },
        },
        ...(other && { [other.mediaType]: { schema: other.schema, example: otherExample } }),
      },
    }),
  );
}
