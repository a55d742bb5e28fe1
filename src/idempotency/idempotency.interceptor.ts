import {
  Injectable,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
  type PipeTransform,
  type Type,
} from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { lastValueFrom, of, type Observable } from 'rxjs';
import type { Claim } from './claim';
import { fingerprintOf } from './fingerprint';
import { handlerKindOf } from './handlers';
import type { IncomingRequest } from './handlers/handler-kind';
import { provideHandlerInput } from './idempotency.context';
import { DEFAULT_KEY_LOCATION, readKey } from './idempotency-key';
import { optionsOf, type IdempotentOptions } from './idempotency.options';
import { IdempotencyService } from './idempotency.service';
import type { Answered, Refused, Unprocessed } from './outcome';

interface AcceptedRequest {
  readonly kind: 'accepted';
  readonly source: object;
  readonly payload: unknown;
  readonly claim: Claim;
}

/**
 * Stands between a handler and its requests: reads key and payload, lets the service decide, and translates the
 * outcome into what the caller or broker is told. Set up by `@Idempotent()`.
 */
@Injectable()
export class IdempotencyInterceptor implements NestInterceptor {
  constructor(
    private readonly service: IdempotencyService,
    private readonly modules: ModuleRef,
  ) {}

  async intercept(execution: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    const options = optionsOf(execution);
    const kind = handlerKindOf(execution);
    const outcome = await this.process(() => kind.request(execution), options, next);
    switch (outcome.kind) {
      case 'executed':
      case 'replayed':
        return of(kind.answer(execution, outcome.result));
      default:
        return of(await kind.decline(execution, outcome, this.injectable(options.unprocessed)));
    }
  }

  private async process(
    receive: () => IncomingRequest,
    options: IdempotentOptions,
    next: CallHandler,
  ): Promise<Answered<unknown> | Unprocessed> {
    const request = await this.read(receive, options);
    if (request.kind === 'refused') return request;
    return this.service.tryRun<unknown>(request.claim, (context) => {
      provideHandlerInput(request.source, { context, payload: request.payload });
      return lastValueFrom(next.handle(), { defaultValue: undefined });
    });
  }

  /** Nothing is claimed before the request is known to be good: what is refused leaves no trace. */
  private async read(
    receive: () => IncomingRequest,
    options: IdempotentOptions,
  ): Promise<AcceptedRequest | Refused> {
    try {
      const incoming = receive();
      const key = readKey(options.key ?? DEFAULT_KEY_LOCATION, incoming);
      const pipe = this.injectable<PipeTransform<unknown, unknown>>(options.payload);
      const payload: unknown = pipe
        ? await pipe.transform(incoming.payload, { type: 'body' })
        : incoming.payload;
      return {
        kind: 'accepted',
        source: incoming.source,
        payload,
        claim: claimOf(key, payload, incoming, options),
      };
    } catch (error) {
      return { kind: 'refused', error };
    }
  }

  private injectable<T>(type: Type<T> | undefined): T | undefined {
    return type && this.modules.get<T>(type, { strict: false });
  }
}

function claimOf(
  key: string,
  payload: unknown,
  incoming: IncomingRequest,
  options: IdempotentOptions,
): Claim {
  const { scope, fingerprint = (whole: unknown) => whole, busyWaitMs, excuse } = options;
  return {
    scope,
    key,
    ...(fingerprint !== false && { fingerprint: fingerprintOf(fingerprint(payload)) }),
    ...(incoming.requestedAt && { requestedAt: incoming.requestedAt }),
    ...(busyWaitMs !== undefined && { busyWaitMs }),
    ...(excuse && { excuse }),
  };
}
