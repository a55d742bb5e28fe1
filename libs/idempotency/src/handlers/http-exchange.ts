import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { HttpStatus, type ExecutionContext } from '@nestjs/common';
import { EMPTY, of, throwError, type Observable } from 'rxjs';
import type { Outcome } from '../engine/outcome';
import type { HandlerCall } from './handler-kind';
import { answerOfProblem, type HttpAnswer } from './http-answer';
import { IdempotencyProblem } from './http-problem';
import { problemOf } from './http-problems';
import {
  UnrecordableAnswerProblem,
  answerTooLong,
  recordOf,
  returnedBy,
  withoutStreams,
  type HttpRecord,
} from './http-record';
import { HEADERS_METADATA } from './nestjs-metadata';
import { markAnswered, markOfHandler } from './replay-end.filter';
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
  if (rejection) throw problemOf(rejection, call);
  if (!call.hasKey) return of(await unprotected(call));
  const { response, raw } = responseOf(call.execution);
  await exchanges.get(raw)?.abandon();
  const exchange = new HttpExchange(call, response, raw);
  exchanges.set(raw, exchange);
  return exchange.respond();
}

async function unprotected(call: HandlerCall): Promise<unknown> {
  try {
    return await call.handle();
  } catch (thrown) {
    markOfHandler(thrown);
    throw thrown;
  }
}

/** By the response: an interceptor such as `retry()` calls the handler again for the same request. */
const exchanges = new WeakMap<ServerResponse, HttpExchange>();

function responseOf(execution: ExecutionContext): { response: FrameworkResponse; raw: ServerResponse } {
  const response = execution.switchToHttp().getResponse<FrameworkResponse>();
  return { response, raw: response.raw ?? (response as unknown as ServerResponse) };
}

class HttpExchange {
  private readonly capture: ResponseCapture;
  private outcome: Promise<unknown> | undefined;
  /** Set once the interceptors around the handler have got its result. */
  private isHandled = false;
  /** Whether the work has succeeded in a transaction that must still be committed. */
  private isUncommitted = false;
  /** Whether what the handler returned is recorded. An error that is recorded always is. */
  private isFinal: (() => boolean) | undefined;

  constructor(
    private readonly call: HandlerCall,
    private readonly response: FrameworkResponse,
    raw: ServerResponse,
  ) {
    this.capture = new ResponseCapture(raw, copyOf(response.getHeaders()), ownHeaders(call.execution));
    // An answer before the handler's is not about its work, such as that of a time-out: it leaves at once.
    void this.capture.end.then(() => !this.isHandled && !this.capture.isOfHandler && this.capture.release());
  }

  async respond(): Promise<Observable<unknown>> {
    let pass: (handled: Handled) => void = () => undefined;
    const handled = new Promise<Handled>((resolve) => (pass = resolve));
    const outcome = this.call.run(() => this.work(pass), { isFinal: () => this.isFinal?.() ?? true });
    this.outcome = outcome;
    const first = await Promise.race([handled, outcome]);
    if ('kind' in first) {
      if (!isRequestOver(first)) return this.withoutWork(first);
      // The request that this one has waited for was over before its work could start.
      if (!this.capture.isOver) return this.respond();
      markAnswered(this.response);
      return EMPTY;
    }
    void outcome.then(
      (ended) => this.send(ended),
      () => this.capture.replace(this.unknown()),
    );
    if ('thrown' in first) return throwError(() => first.thrown);
    return of(first.returned);
  }

  /** Resolves once the work has ended without an answer of its own: what it has done is recorded. */
  async abandon(): Promise<void> {
    this.capture.abandon();
    await this.outcome;
  }

  private async work(pass: (handled: Handled) => void): Promise<HttpRecord> {
    const { call, capture } = this;
    // Also for a second call: the answer of the first one, whose transaction was not committed, has left the application.
    if (capture.isOver) throw new RequestOverError('the request was over before its work could start');
    const handled = await this.handle();
    // The next call makes the answer; the engine reports the error of the last one.
    if ('thrown' in handled && call.isRepeated(handled.thrown)) throw handled.thrown;
    const { status } = capture;
    const wasOver = capture.isOver && !capture.isOfHandler;
    this.isHandled = !wasOver;
    pass(handled);
    const end = wasOver ? 'lost' : await capture.end;
    if ('thrown' in handled) {
      const { thrown } = handled;
      if (thrown instanceof UnrecordableAnswerProblem) return { answer: answerOfProblem(thrown) };
      // As the exception filters have answered it. If they have not, the engine records the error itself.
      if (end === 'ended' && call.options.rememberError?.(thrown)) return { answer: capture.answer() };
      throw thrown;
    }
    const { returned } = handled;
    this.isUncommitted = call.options.transaction === true;
    this.isFinal = () => call.options.rememberResult?.(returned) ?? true;
    if (end === 'too-long') return { answer: answerOfProblem(answerTooLong()) };
    // An error that came from around a handler that succeeded is not the answer to its work.
    const failedAround = capture.status >= Number(HttpStatus.BAD_REQUEST) && capture.status !== status;
    return end === 'lost' || failedAround
      ? recordOf(call.execution, returned, call.options)
      : { answer: capture.answer() };
  }

  private async handle(): Promise<Handled> {
    try {
      return { returned: await withoutStreams(await this.capture.during(() => this.call.handle())) };
    } catch (thrown) {
      markOfHandler(thrown);
      return { thrown };
    }
  }

  /** The outcome of a request whose handler has not run for it. */
  private withoutWork(outcome: Outcome<HttpRecord, unknown>): Observable<unknown> {
    const { call, capture } = this;
    if (outcome.kind === 'executed' || outcome.kind === 'replayed') {
      const record = outcome.result as HttpRecord;
      if ('answer' in record) {
        capture.replace(replayed(record.answer));
        markAnswered(this.response);
        return EMPTY;
      }
      this.passOn(true);
      return of(returnedBy(record, call.options));
    }
    this.passOn(outcome.kind === 'remembered-error' && outcome.replayed);
    throw outcome.kind === 'failed' ? problemOf(outcome, call) : outcome.error;
  }

  private passOn(isReplay: boolean): void {
    if (this.capture.isOver) return;
    this.capture.stop();
    if (isReplay) this.response.header('Idempotent-Replayed', 'true');
  }

  /** Sends what the caller may see, now that the work has ended and is recorded, or could not be. */
  private send(outcome: Outcome<HttpRecord, unknown>): void {
    const { capture } = this;
    switch (outcome.kind) {
      case 'executed':
        return capture.isTooLong ? capture.replace(answerOfProblem(answerTooLong())) : this.release();
      case 'replayed': {
        // Another process has finished the key after this one had lost its lease.
        const record = outcome.result as HttpRecord;
        return capture.replace('answer' in record ? replayed(record.answer) : this.unknown());
      }
      case 'remembered-error':
        return outcome.replayed ? capture.replace(this.unknown()) : this.release();
      case 'failed': {
        // The answer to work that succeeded is not true if its transaction was not committed.
        if (outcome.code === 'work-failed')
          return this.isUncommitted ? capture.replace(this.unknown()) : this.release();
        const problem = problemOf(outcome, this.call);
        return capture.replace(
          problem instanceof IdempotencyProblem ? answerOfProblem(problem) : this.unknown(),
        );
      }
      default:
        return outcome satisfies never;
    }
  }

  /** For the rare case that the outcome is recorded, but cannot be rendered for this request. */
  private unknown(): HttpAnswer {
    return answerOfProblem(
      problemOf({ kind: 'failed', code: 'lease-lost' }, this.call) as IdempotencyProblem,
    );
  }

  /** The run may also end because its work took too long, before there is an answer. */
  private release(): void {
    if (this.capture.isOver) this.capture.release();
    else this.capture.replace(this.unknown());
  }
}

function isRequestOver(outcome: Outcome<HttpRecord, unknown>): boolean {
  return (
    outcome.kind === 'failed' && outcome.code === 'work-failed' && outcome.error instanceof RequestOverError
  );
}

function replayed(answer: HttpAnswer): HttpAnswer {
  return { ...answer, headers: { ...answer.headers, 'idempotent-replayed': 'true' } };
}

/** Lists are copied, too: frameworks add cookies to the list that is there. */
function copyOf(headers: OutgoingHttpHeaders): OutgoingHttpHeaders {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? [...value] : value]),
  );
}

/** Names of the headers that `@Header()` sets, before the handler runs. */
function ownHeaders(execution: ExecutionContext): string[] {
  const headers = Reflect.getMetadata(HEADERS_METADATA, execution.getHandler()) as
    readonly { readonly name: string }[] | undefined;
  return (headers ?? []).map(({ name }) => name.toLowerCase());
}
