import { Catch, type ArgumentsHost } from '@nestjs/common';
import { BaseExceptionFilter } from '@nestjs/core';
import { EmptyError } from 'rxjs';

/** Responses to which nothing is to be written any more: a replay was sent, or the request was over. */
const answered = new WeakSet<object>();

/** @param response of Express or Fastify */
export function markAnswered(response: object): void {
  answered.add(response);
}

/** Errors that handlers have thrown. */
const ofHandlers = new WeakSet<object>();

/** Leaves an error of a handler to the filters of the application, whatever its class. */
export function markOfHandler(thrown: unknown): void {
  if (thrown instanceof EmptyError) ofHandlers.add(thrown);
}

/** The error that NestJS makes of an observable without a value. */
class NoValueError {
  static [Symbol.hasInstance](error: unknown): boolean {
    return error instanceof EmptyError && !ofHandlers.has(error);
  }
}

/**
 * Ends the handling of a request that a replay has answered already. The interceptors around the handler see an observable
 * that completes without a value, so that they neither change an answer nor fail; NestJS makes an error of that.
 */
@Catch(NoValueError)
export class ReplayEndFilter extends BaseExceptionFilter<EmptyError> {
  override catch(error: EmptyError, host: ArgumentsHost): void {
    if (!answered.has(host.switchToHttp().getResponse<object>())) super.catch(error, host);
  }
}
