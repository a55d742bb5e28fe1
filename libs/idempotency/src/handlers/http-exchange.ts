import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { HttpStatus, type ExecutionContext } from '@nestjs/common';
import { EMPTY, of, throwError, type Observable } from 'rxjs';
import type { Outcome } from '../engine/outcome';
import type { HandlerCall } from './handler-kind';
import { answerOfProblem, type HttpAnswer } from './http-answer';
import { IdempotencyProblem } from './http-problem';
import { problemOf } from './http-problems';
import { AnswerTooLongProblem, recordOf, returnedBy, withoutStreams, type HttpRecord } from './http-record';
import { ResponseCapture } from './response-capture';

/** The response of Express, which is Node's own, or that of Fastify, which has it as `raw`. */
interface FrameworkResponse {
  readonly raw?: ServerResponse;
  getHeaders(): OutgoingHttpHeaders;
  header(name: string, value: string): unknown;
}

/** What the handler did. */
type Handled = { readonly returned: unknown } | { readonly thrown: unknown };

/** The request was over before its work could start, so nothing is done. */
export class RequestOverError extends Error {}

/**
 * Answers HTTP requests. The interceptor stands innermost, so the lease covers the handler alone and ends with its work;
 * the captured response stands outermost, so the record has the answer as it left, after everything around the handler.
 *
 * The order for a new key: claim, handler, everything around it, record, then the bytes leave. If the process dies before
 * the record is stored, the caller has no answer, and repeats the request.
 */
export async function respondOverHttp(call: HandlerCall): Promise<Observable<unknown>> {
  const rejection = await call.read();
  if (rejection) throw problemOf(rejection);
  if (!call.hasKey) return of(await call.handle());
  return new HttpExchange(call).respond();
}

class HttpExchange {
  private readonly response: FrameworkResponse;
  private readonly capture: ResponseCapture;
  /** Set once the interceptors around the handler have got its result. */
  private isHandled = false;

  constructor(private readonly call: HandlerCall) {
    const { execution } = call;
    this.response = execution.switchToHttp().getResponse<FrameworkResponse>();
    const raw = this.response.raw ?? (this.response as unknown as ServerResponse);
    this.capture = new ResponseCapture(raw, { ...this.response.getHeaders() }, ownHeaders(execution));
    // An answer before the handler's is not about its work, such as that of a time-out: it leaves at once.
    void this.capture.end.then(() => !this.isHandled && this.capture.release());
  }

  async respond(): Promise<Observable<unknown>> {
    let pass: (handled: Handled) => void = () => undefined;
    const handled = new Promise<Handled>((resolve) => (pass = resolve));
    let isFinal = true;
    const outcome = this.call.run(
      async () => {
        const done = await this.work(pass);
        isFinal = done.isFinal;
        return done.record;
      },
      () => isFinal,
    );
    const first = await Promise.race([handled, outcome]);
    if ('kind' in first) return this.withoutWork(first);
    void outcome.then((ended) => this.send(ended));
    if ('thrown' in first) return throwError(() => first.thrown);
    return of(first.returned);
  }

  private async work(
    pass: (handled: Handled) => void,
  ): Promise<{ readonly record: HttpRecord; readonly isFinal: boolean }> {
    const { call, capture } = this;
    if (capture.isOver) throw new RequestOverError('the request was over before its work could start');
    const handled = await this.handle();
    const status = capture.status;
    const wasOver = capture.isOver;
    this.isHandled = !wasOver;
    pass(handled);
    const end = wasOver ? 'lost' : await capture.end;
    if ('thrown' in handled) {
      const { thrown } = handled;
      if (thrown instanceof AnswerTooLongProblem)
        return { record: { answer: answerOfProblem(thrown) }, isFinal: true };
      // As the exception filters have answered it. If they have not, the engine records the error itself.
      if (end === 'ended' && call.options.rememberError?.(thrown))
        return { record: { answer: capture.answer() }, isFinal: true };
      throw thrown;
    }
    const isFinal = call.options.rememberResult?.(handled.returned) ?? true;
    if (end === 'too-long')
      return { record: { answer: answerOfProblem(new AnswerTooLongProblem()) }, isFinal };
    // An error that came from around a handler that succeeded is not the answer to its work.
    const failedAround = capture.status >= Number(HttpStatus.BAD_REQUEST) && capture.status !== status;
    if (end === 'lost' || failedAround)
      return { record: await recordOf(call.execution, handled.returned, call.options), isFinal };
    return { record: { answer: capture.answer() }, isFinal };
  }

  private async handle(): Promise<Handled> {
    try {
      return { returned: await withoutStreams(await this.call.handle()) };
    } catch (thrown) {
      return { thrown };
    }
  }

  /** The outcome of a request whose handler has not run for it. */
  private withoutWork(outcome: Outcome<unknown>): Observable<unknown> {
    const { call, capture } = this;
    if (outcome.kind === 'executed' || outcome.kind === 'replayed') {
      const record = outcome.result as HttpRecord;
      if ('answer' in record) {
        capture.replace(replayed(record.answer));
        return EMPTY;
      }
      this.passOn(true);
      return of(returnedBy(record, call.options));
    }
    this.passOn(outcome.kind === 'remembered-error' && outcome.replayed);
    throw outcome.kind === 'failed' ? problemOf(outcome) : outcome.error;
  }

  private passOn(isReplay: boolean): void {
    if (this.capture.isOver) return;
    this.capture.stop();
    if (isReplay) this.response.header('Idempotent-Replayed', 'true');
  }

  /** Sends what the caller may see, now that the work has ended and is recorded, or could not be. */
  private send(outcome: Outcome<unknown>): void {
    const { capture } = this;
    switch (outcome.kind) {
      case 'executed':
        return capture.isTooLong
          ? capture.replace(answerOfProblem(new AnswerTooLongProblem()))
          : this.release();
      case 'replayed': {
        // Another process has finished the key after this one had lost its lease.
        const record = outcome.result as HttpRecord;
        return capture.replace('answer' in record ? replayed(record.answer) : UNKNOWN);
      }
      case 'remembered-error':
        return outcome.replayed ? capture.replace(UNKNOWN) : this.release();
      case 'failed': {
        if (outcome.code === 'work-failed') return this.release();
        const problem = problemOf(outcome);
        return capture.replace(problem instanceof IdempotencyProblem ? answerOfProblem(problem) : UNKNOWN);
      }
      default:
        return outcome satisfies never;
    }
  }

  /** The run may also end because its work took too long, before there is an answer. */
  private release(): void {
    if (this.capture.isOver) this.capture.release();
    else this.capture.replace(UNKNOWN);
  }
}

/** For the rare case that the outcome is recorded, but cannot be rendered for this request. */
const UNKNOWN = answerOfProblem(problemOf({ kind: 'failed', code: 'lease-lost' }) as IdempotencyProblem);

function replayed(answer: HttpAnswer): HttpAnswer {
  return { ...answer, headers: { ...answer.headers, 'idempotent-replayed': 'true' } };
}

/** Names of the headers that `@Header()` sets, before the handler runs. */
function ownHeaders(execution: ExecutionContext): string[] {
  const headers = Reflect.getMetadata('__headers__', execution.getHandler()) as
    readonly { readonly name: string }[] | undefined;
  return (headers ?? []).map(({ name }) => name.toLowerCase());
}
