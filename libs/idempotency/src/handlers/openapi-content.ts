import { HTTP_PROBLEMS, problemTypeOf, type ProblemCode } from './http-problems';
import type { IdempotentOptions } from './idempotency.options';
import type { IdempotencyModuleOptions } from './module-options';

/** A header parameter, as `@ApiHeader` of @nestjs/swagger would write it. */
export interface HeaderParameter {
  readonly name: string;
  readonly in: 'header';
  readonly required: boolean;
  readonly description: string;
  readonly schema: object;
}

/** The header that carries the key; undefined if it is read from elsewhere, or by the handler's own code. */
export function keyHeaderOf({ key, whenKeyMissing }: IdempotentOptions): HeaderParameter | undefined {
  const { header: name, property } =
    key === undefined ? { header: 'Idempotency-Key', property: undefined } : locationOf(key);
  if (!name) return undefined;
  const elsewhere =
    property === undefined ? '' : ` It may be in the body's property \`${property}\` instead.`;
  return {
    name,
    in: 'header',
    required: whenKeyMissing !== 'process' && property === undefined,
    description:
      'A key of your choice for this one request, such as a UUID: 1 to 255 visible ASCII characters. Repeat the request ' +
      `with the same key, and it is processed once and answered as it was the first time.${elsewhere}`,
    // Without an example: Swagger UI would send it with each request, as the same key.
    schema: { type: 'string', minLength: 1 },
  };
}

function locationOf(key: NonNullable<IdempotentOptions['key']>) {
  return typeof key === 'object' ? key : { header: undefined, property: undefined };
}

/**
 * The schema of every problem, named by its class. It has the metadata that `@ApiProperty` of @nestjs/swagger would write.
 */
export class IdempotencyProblemDetails {}

const PROPERTIES = {
  type: { type: String, format: 'uri-reference', description: 'The kind of problem, and its documentation.' },
  title: { type: String, description: 'The kind of problem, in words.' },
  status: { type: 'integer', description: 'The status of the response.' },
  detail: { type: String, description: 'What is wrong with this request.' },
  code: { type: String, description: `The kind of problem, for programs: ${codes().join(', ')}.` },
};

Reflect.defineMetadata(
  'swagger/apiModelPropertiesArray',
  Object.keys(PROPERTIES).map((name) => `:${name}`),
  IdempotencyProblemDetails.prototype,
);
for (const [name, property] of Object.entries(PROPERTIES))
  Reflect.defineMetadata(
    'swagger/apiModelProperties',
    { required: true, ...property },
    IdempotencyProblemDetails.prototype,
    name,
  );

/** What a route may answer instead of its result, by status, as `@ApiResponse` of @nestjs/swagger would write it. */
export function problemResponses(options: Pick<IdempotencyModuleOptions, 'problemType'>) {
  const byStatus = new Map<string, ProblemCode[]>();
  for (const code of codes()) {
    const status = String(HTTP_PROBLEMS[code].status);
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  return new Map([...byStatus].map(([status, those]) => [status, responseOf(those, options)]));
}

function responseOf(those: readonly ProblemCode[], options: Pick<IdempotencyModuleOptions, 'problemType'>) {
  const titles = new Set(those.map((code) => HTTP_PROBLEMS[code].title));
  const examples = those.map((code) => {
    const { title, status, detail } = HTTP_PROBLEMS[code];
    return [
      code,
      { summary: title, value: { type: problemTypeOf(code, options), title, status, detail, code } },
    ];
  });
  const withRetryAfter = those.filter((code) => HTTP_PROBLEMS[code].hasRetryAfter);
  return {
    description: `${[...titles].join('; ')}.`,
    ...(withRetryAfter.length > 0 && { headers: retryAfter(withRetryAfter.length === those.length) }),
    content: {
      'application/problem+json': {
        schema: { $ref: `#/components/schemas/${IdempotencyProblemDetails.name}` },
        examples: Object.fromEntries(examples) as object,
      },
    },
  };
}

function retryAfter(always: boolean) {
  return {
    'Retry-After': {
      description: `Repeat the request with the same key after this number of seconds.${always ? '' : ' Absent if that does not help.'}`,
      required: always,
      schema: { type: 'integer', minimum: 1 },
    },
  };
}

function codes(): ProblemCode[] {
  return Object.keys(HTTP_PROBLEMS) as ProblemCode[];
}
