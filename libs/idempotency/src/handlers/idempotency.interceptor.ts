import { randomUUID } from 'node:crypto';
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
import { EngineOptions } from '../engine/engine.options';
import { MissingTimestampError, rejected, type Failure } from '../engine/failure';
import { IdempotencyService } from '../engine/idempotency.service';
import type { Outcome } from '../engine/outcome';
import type { RunRequest } from '../engine/run-request';
import type { CallSettings, FailureContext, HandlerCall, HandlerKind } from './handler-kind';
import { kindOf, kindsOf } from './handler-kinds';
import { provideHandlerInput, type HandlerInput, type IdempotencyContext } from './idempotency.context';
import {
  isKeyReader,
  optionsOf,
  scopeOf,
  type IdempotentOptions,
  type KeyReader,
  type WhenInProgress,
} from './idempotency.options';
import type { IdempotencyModuleOptions } from './module-options';
import { isDisabled } from './disabled';
import { keyOf, runRequestOf } from './request-reader';

/**
 * Lets the kind of the handler process each call, with the parts that are the same for all kinds: reading the request,
 * running the handler through the service. Set up by `@Idempotent()`.
 */
@Injectable()
export class IdempotencyInterceptor implements NestInterceptor {
  /** Per handler, with the module's defaults. */
  private readonly options = new WeakMap<object, IdempotentOptions>();
  private readonly kinds: readonly HandlerKind[];
  /** Read once: the environment is slow to read. */
  private readonly isDisabled = isDisabled();

  constructor(
    private readonly service: IdempotencyService,
    private readonly modules: ModuleRef,
    @Inject(EngineOptions) private readonly moduleOptions: IdempotencyModuleOptions,
  ) {
    this.kinds = kindsOf(moduleOptions);
  }

  intercept(execution: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    const kind = kindOf(execution, this.kinds);
    const options = this.optionsOf(execution);
    const { isDisabled } = this;
    const { problemType } = this.moduleOptions;
    const parts = { execution, next, kind, options, problemType, isDisabled };
    const respond = () => kind.respond(new Call(parts, this.service, this.modules));
    const answered = kind.each?.(execution, async () => lastValueFrom(await respond()));
    return answered ? answered.then((answer) => of(answer)) : respond();
  }

  private optionsOf(execution: ExecutionContext): IdempotentOptions {
    const handler = execution.getHandler();
    const known = this.options.get(handler);
    if (known) return known;
    const options = { ...this.moduleOptions.defaults, ...optionsOf(execution) };
    this.options.set(handler, options);
    return options;
  }
}

class Call implements HandlerCall {
  readonly execution: ExecutionContext;
  readonly options: IdempotentOptions;
  readonly problemType: string | undefined;
  private readonly next: CallHandler;
  private readonly kind: HandlerKind;
  private readonly isDisabled: boolean;
  private payload: unknown;
  private request: RunRequest | undefined;

  constructor(
    parts: Pick<HandlerCall, 'execution' | 'options' | 'problemType'> & {
      readonly next: CallHandler;
      readonly kind: HandlerKind;
      readonly isDisabled: boolean;
    },
    private readonly service: IdempotencyService,
    private readonly modules: ModuleRef,
  ) {
    this.execution = parts.execution;
    this.options = parts.options;
    this.problemType = parts.problemType;
    this.next = parts.next;
    this.kind = parts.kind;
    this.isDisabled = parts.isDisabled;
  }

  get hasKey(): boolean {
    return this.request !== undefined;
  }

  /** The request is checked before its key is claimed, so nothing is stored for a rejected request. */
  async read(): Promise<Failure | undefined> {
    const { execution, kind, options } = this;
    try {
      const incoming = await kind.request(execution);
      const key = this.isDisabled
        ? randomUUID()
        : await keyOf(incoming, options, this.keyReader(), kind.hasHttpHeaders);
      const pipe = this.injectable<PipeTransform<unknown, unknown>>(options.payload);
      const payload: unknown = pipe
        ? await pipe.transform(incoming.payload, { type: 'body' })
        : incoming.payload;
      if (options.requireTimestamp && kind.hasTimestamp && !incoming.requestedAt)
        throw new MissingTimestampError();
      this.payload = payload;
      if (key === undefined) return this.provide(undefined);
      const scope = scopeOf(execution.getClass(), execution.getHandler(), options);
      const attempts = this.injectable(options.attempts);
      this.request = await runRequestOf({ key, scope, payload, incoming, options, kind, attempts });
      return undefined;
    } catch (error) {
      return rejected(error);
    }
  }

  handle(): Promise<unknown> {
    return lastValueFrom<unknown, undefined>(this.next.handle(), { defaultValue: undefined });
  }

  async run<T>(
    work: () => Promise<T>,
    { isFinal, serialize }: CallSettings<T> = {},
  ): Promise<Outcome<T, unknown>> {
    const { request } = this;
    if (!request) throw new Error('the request has no key');
    const workWithInput = (context: IdempotencyContext) => {
      this.provide(context);
      return work();
    };
    const outcome = await this.service.tryRun(
      { ...request, rememberResult: isFinal },
      workWithInput,
      serialize,
    );
    if (outcome.kind === 'replayed' || (outcome.kind === 'remembered-error' && outcome.replayed)) {
      const { scope, key } = request;
      this.provide({ scope, key, replayed: true, origin: outcome.origin });
    }
    return outcome;
  }

  isRepeated(error: unknown): boolean {
    return this.options.transaction === true && this.service.isRepeated(error);
  }

  failureContext(failure: Failure): FailureContext {
    const rejects = failure.code === 'in-progress' && rejectsInProgress(this.options.whenInProgress);
    return {
      onFailure: rejects ? undefined : this.injectable(this.options.onFailure),
      claimed: this.request,
    };
  }

  private provide(context: HandlerInput['context']): undefined {
    const { payload } = this;
    provideHandlerInput(this.execution, this.kind.argument, { context, payload });
  }

  private keyReader(): KeyReader | undefined {
    const { key } = this.options;
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
