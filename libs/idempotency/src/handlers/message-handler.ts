import type { ExecutionContext } from '@nestjs/common';
import { of, type Observable } from 'rxjs';
import type { Failure } from '../engine/failure';
import type { RememberedFailure } from '../engine/outcome';
import type { FailureContext, HandlerCall, HandlerKind } from './handler-kind';

/** A kind of handler whose answer is what it returns, or nothing: messages, calls between services. */
export interface MessageHandlerKind extends Omit<HandlerKind, 'respond'> {
  /** What the interceptors around the handler get for a recorded result. */
  answer(execution: ExecutionContext, recorded: unknown): unknown;
  /** What they get for a request without a result; throws if the framework expects that. */
  fail(
    execution: ExecutionContext,
    failure: Failure | RememberedFailure,
    context: FailureContext,
  ): Promise<unknown>;
}

/** The kind of handler for the module's option `handlers`, which answers as soon as the result is recorded. */
export function messageHandler(kind: MessageHandlerKind): HandlerKind {
  return { ...kind, respond: (call) => respondTo(kind, call) };
}

async function respondTo(kind: MessageHandlerKind, call: HandlerCall): Promise<Observable<unknown>> {
  const { execution, options } = call;
  const fail = async (failure: Failure) =>
    of(await kind.fail(execution, failure, call.failureContext(failure)));
  const rejection = await call.read();
  if (rejection) return fail(rejection);
  const { serialize, deserialize } = options;
  const answer = (recorded: unknown) => {
    const given = kind.answer(execution, recorded);
    return of(deserialize && given !== undefined ? deserialize(given) : given);
  };
  // The first caller's answer goes the same way as that of a duplicate, so that a wrong pair of functions is noticed at once.
  const first = (returned: unknown) => answer(serialize ? serialize(returned) : returned);
  const work = () => call.handle();
  if (!call.hasKey) return first(await work());
  const outcome = await call.run(work, { isFinal: options.rememberResult, serialize });
  switch (outcome.kind) {
    case 'executed':
      return first(outcome.result);
    case 'replayed':
      return answer(outcome.result);
    case 'remembered-error':
      return of(await kind.fail(execution, outcome, { onFailure: undefined, claimed: undefined }));
    case 'failed':
      return fail(outcome);
    default:
      return outcome satisfies never;
  }
}
