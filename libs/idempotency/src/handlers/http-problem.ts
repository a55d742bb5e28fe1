import { Catch, HttpException, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';

/** Problem details (RFC 9457) of an HTTP response. */
interface Problem {
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly retryAfterSeconds?: number;
}

const DRAFT = 'https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-idempotency-key-header-07';

/** A request was rejected because of its idempotency key. */
export class IdempotencyProblem extends HttpException {
  readonly retryAfterSeconds: number | undefined;

  constructor({ title, status, detail, retryAfterSeconds }: Problem) {
    super({ type: DRAFT, title, status, detail }, status);
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
