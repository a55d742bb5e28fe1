import { Catch, type ArgumentsHost } from '@nestjs/common';
import { BaseExceptionFilter } from '@nestjs/core';
import { EmptyError } from 'rxjs';

/** Responses to which nothing is to be written any more: a replay was sent, or the request was over. */
const answered = new WeakSet<object>();

/** @param response of Express or Fastify */
export function markAnswered(response: object): void {
  answered.add(response);
}

/**
 * Ends the handling of a request that a replay has answered already. The interceptors around the handler see an observable
 * that completes without a value, so that they neither change an answer nor fail; NestJS makes an error of that.
 */
@Catch(EmptyError)
export class ReplayEndFilter extends BaseExceptionFilter<EmptyError> {
  override catch(error: EmptyError, host: ArgumentsHost): void {
    if (!answered.has(host.switchToHttp().getResponse<object>())) super.catch(error, host);
  }
}
