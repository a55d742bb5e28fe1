import {
  Inject,
  Injectable,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
  type PipeTransform,
  type Type,
} from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { lastValueFrom, of, type Observable } from 'rxjs';
import type { RunRequest } from '../engine/run-request';
import { runRequestOf, keyOf } from './request-reader';
import { kindOf } from './handler-kinds';
import type { HandlerKind } from './handler-kind';
import { provideHandlerInput, type HandlerInput } from './idempotency.context';
import { EngineOptions } from '../engine/engine.options';
import { MissingTimestampError, rejected, type Failure } from '../engine/failure';
import {
  isKeyReader,
  optionsOf,
  type IdempotencyModuleOptions,
  type IdempotentOptions,
  type KeyReader,
  type WhenInProgress,
} from './idempotency.options';
import { IdempotencyService } from '../engine/idempotency.service';
import type { Outcome } from '../engine/outcome';

interface Accepted {
  readonly kind: 'accepted';
  readonly payload: unknown;
  /** Undefined for a request that is processed without a key. */
  readonly request: RunRequest | undefined;
}

/** How a call ended, and its run request; undefined for a request that was rejected before. */
interface Processed {
  readonly outcome: Outcome<unknown>;
  readonly request?: RunRequest | undefined;
}

/** One call of a decorated handler. */
interface Call {
  readonly execution: ExecutionContext;
  readonly kind: HandlerKind;
  readonly options: IdempotentOptions;
  readonly next: CallHandler;
}

const DEFAULT_REPLAY_HEADERS = ['location'];

/**
 * Reads key and payload of a request, runs the handler through the service, and translates the outcome into the answer for
 * the caller or broker. Set up by `@Idempotent()`.
 */
@Injectable()
export class IdempotencyInterceptor implements NestInterceptor {
  /** Per handler, with the module's defaults. */
  private readonly options = new WeakMap<object, IdempotentOptions>();

  constructor(
    private readonly service: IdempotencyService,
    private readonly modules: ModuleRef,
    @Inject(EngineOptions) private readonly moduleOptions: IdempotencyModuleOptions,
  ) {}

  async intercept(execution: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    const options = this.optionsOf(execution);
    const call: Call = { execution, kind: kindOf(execution, this.moduleOptions), options, next };
    let thrown: unknown;
    try {
      return of(await this.answered(call));
    } catch (error) {
      thrown = error;
      throw error;
    } finally {
      call.kind.ended?.(execution, thrown);
    }
  }

  private async answered(call: Call): Promise<unknown> {
    const { execution, options } = call;
    const { outcome, request } = await this.process(call);
    switch (outcome.kind) {
      case 'executed':
      case 'replayed':
        return this.answer(call, outcome.result, outcome.kind === 'replayed');
      default: {
        const isInProgress = outcome.kind === 'failed' && outcome.code === 'in-progress';
        const rejects = isInProgress && rejectsInProgress(options.whenInProgress);
        const onFailure = rejects ? undefined : this.injectable(options.onFailure);
        return call.kind.fail(execution, outcome, { onFailure, claimed: request });
      }
    }
  }

  private optionsOf(execution: ExecutionContext): IdempotentOptions {
    const handler = execution.getHandler();
    const known = this.options.get(handler);
    if (known) return known;
    const options = { ...this.moduleOptions.defaults, ...optionsOf(execution) };
    this.options.set(handler, options);
    return options;
  }

  private async process(call: Call): Promise<Processed> {
    const read = await this.read(call);
    if (read.kind === 'failed') return { outcome: read };
    const { request, payload } = read;
    const provide = (context: HandlerInput['context']) =>
      provideHandlerInput(call.execution, call.kind.argument, { context, payload });
    if (!request) {
      provide(undefined);
      return { outcome: { kind: 'executed', result: await this.work(call) } };
    }
    const outcome = await this.service.tryRun(request, (context) => {
      provide(context);
      return this.work(call);
    });
    if (outcome.kind === 'replayed' || (outcome.kind === 'remembered-error' && outcome.replayed)) {
      const { scope, key } = request;
      provide({ scope, key, replayed: true, origin: outcome.origin });
    }
    return { outcome, request };
  }

  /** The request is checked before its key is claimed, so nothing is stored for a rejected request. */
  private async read({ execution, kind, options }: Call): Promise<Accepted | Failure> {
    try {
      const incoming = kind.request(execution);
      const key = await keyOf(incoming, options, this.keyReaderOf(options));
      const pipe = this.injectable<PipeTransform<unknown, unknown>>(options.payload);
      const payload: unknown = pipe
        ? await pipe.transform(incoming.payload, { type: 'body' })
        : incoming.payload;
      if (options.requireTimestamp && kind.hasTimestamp && !incoming.requestedAt)
        throw new MissingTimestampError();
      const attempts = this.injectable(options.attempts);
      const request =
        key === undefined ? undefined : runRequestOf({ key, payload, incoming, options, kind, attempts });
      return { kind: 'accepted', payload, request };
    } catch (error) {
      return rejected(error);
    }
  }

  /** Runs the handler, and turns its result into what the record stores. */
  private async work({ execution, kind, options, next }: Call): Promise<unknown> {
    const returned: unknown = await lastValueFrom(next.handle(), { defaultValue: undefined });
    const result = options.serialize ? options.serialize(returned) : returned;
    return kind.record(execution, result, options.replayHeaders ?? DEFAULT_REPLAY_HEADERS);
  }

  private answer({ execution, kind, options }: Call, recorded: unknown, replayed: boolean): unknown {
    const answer = kind.answer(execution, recorded, replayed);
    return options.deserialize && answer !== undefined ? options.deserialize(answer) : answer;
  }

  private keyReaderOf({ key }: IdempotentOptions): KeyReader | undefined {
    return isKeyReader(key) ? this.injectable(key) : undefined;
  }

  private injectable<T>(type: Type<T> | undefined): T | undefined {
    return type && this.modules.get<T>(type, { strict: false });
  }
}

function rejectsInProgress(whenInProgress: WhenInProgress | undefined): boolean {
  return (
    whenInProgress === 'reject' || (typeof whenInProgress === 'object' && whenInProgress.then === 'reject')
  );
}
