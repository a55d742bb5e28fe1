import { Catch, HttpException, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';

/** Problem details (RFC 9457): the JSON body of a response about an idempotency key. */
export interface ProblemDetails {
  /** A URI for the kind of problem: see the option `problemType` of the module. */
  readonly type: string;
  readonly title: string;
  /** The status of the response. */
  readonly status: number;
  readonly detail: string;
  /** The failure's code, such as `idempotency-key-reused`; the one member that programs should tell problems apart by. */
  readonly code: string;
}

interface ProblemOptions extends Omit<ProblemDetails, 'type'> {
  readonly type?: string;
  readonly retryAfterSeconds?: number | undefined;
  /** What was thrown, for logs. It is not part of the response. */
  readonly cause?: unknown;
}

/**
 * The `type` of every problem unless the module has an option `problemType`. The draft describes all of them in one
 * section, so it has no address of its own for each.
 */
export const DRAFT = 'https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-idempotency-key-header-07';

/**
 * An HTTP request got no result because of its idempotency key. `@Idempotent()` throws it, and answers it with problem
 * details (RFC 9457). An exception filter of your own can answer it in another way; it stands above `@Idempotent()` on the
 * method, because the filters of a class or of the whole application come after those of the method.
 *
 * @example
 * @Catch(IdempotencyProblem)
 * class HouseErrors implements ExceptionFilter<IdempotencyProblem> {
 *   constructor(private readonly adapters: HttpAdapterHost) {}
 *
 *   catch(problem: IdempotencyProblem, host: ArgumentsHost) {
 *     const { httpAdapter } = this.adapters;
 *     const response: unknown = host.switchToHttp().getResponse();
 *     if (problem.retryAfterSeconds !== undefined)
 *       httpAdapter.setHeader(response, 'Retry-After', String(problem.retryAfterSeconds));
 *     httpAdapter.reply(response, { error: problem.code, text: problem.message }, problem.getStatus());
 *   }
 * }
 *
 * @Post()
 * @UseFilters(HouseErrors)
 * @Idempotent({ scope: 'cart' })
 * add(@Body() item: Item) { ... }
 */
export class IdempotencyProblem extends HttpException {
  /** The failure's code, such as `idempotency-key-reused`. */
  readonly code: string;
  /** When the request may be repeated with the same key; undefined if repeating it does not help. */
  readonly retryAfterSeconds: number | undefined;

  constructor({ type = DRAFT, title, status, detail, code, retryAfterSeconds, cause }: ProblemOptions) {
    super({ type, title, status, detail, code } satisfies ProblemDetails, status, { cause });
    this.message = `${title}: ${detail}`;
    this.code = code;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** Sends the problem as text, because an object would be sent as `application/json`, whatever the header says. */
@Catch(IdempotencyProblem)
export class IdempotencyProblemFilter implements ExceptionFilter<IdempotencyProblem> {
  constructor(private readonly adapters: HttpAdapterHost) {}

  catch(problem: IdempotencyProblem, host: ArgumentsHost): void {
    const { httpAdapter } = this.adapters;
    const response: unknown = host.switchToHttp().getResponse();
    httpAdapter.setHeader(response, 'Content-Type', 'application/problem+json');
    if (problem.retryAfterSeconds !== undefined) {
      httpAdapter.setHeader(response, 'Retry-After', String(problem.retryAfterSeconds));
    }
    httpAdapter.reply(response, JSON.stringify(problem.getResponse()), problem.getStatus());
  }
}
