import type { ExecutionContext, Type } from '@nestjs/common';
import type { ModuleRef } from '@nestjs/core';
import { firstValueFrom, from } from 'rxjs';
import {
  Idempotent,
  IdempotencyEvents,
  IdempotencyService,
  MemoryIdempotencyStore,
  idempotencyContextOf,
  type ClaimedKey,
  type Failure,
  type FailureHandler,
  type IdempotencyModuleOptions,
} from '../src';
import { IdempotencyInterceptor } from '../src/handlers/idempotency.interceptor';
import { messageHandler, type MessageHandlerKind } from '../src/handlers/message-handler';

/** A kind of handler whose one argument is a message with its key and payload. */
interface Message {
  readonly key?: string;
  readonly payload: unknown;
}

const messages = messageHandler({
  type: 'message',
  argument: 0,
  isHandler: () => true,
  hasTimestamp: true,
  request: (execution) => {
    const message = execution.getArgByIndex<Message>(0);
    const headers = message.key === undefined ? {} : { 'idempotency-key': message.key };
    return { source: message, headers, payload: message.payload, requestedAt: undefined };
  },
  answer: (_, recorded) => recorded,
  fail: async (_, failure, { onFailure, claimed }) => {
    if (failure.kind === 'remembered-error' || !onFailure) throw new Error(codeOf(failure));
    return onFailure.handle({}, failure, claimed);
  },
  uncounted: () => false,
});

function codeOf(failure: Parameters<MessageHandlerKind['fail']>[1]): string {
  return failure.kind === 'failed' ? failure.code : failure.kind;
}

class Failures implements FailureHandler {
  readonly handled: { failure: Failure; claimed: ClaimedKey | undefined }[] = [];
  handle(_: unknown, failure: Failure, claimed?: ClaimedKey): Promise<'settled'> {
    this.handled.push({ failure, claimed });
    return Promise.resolve('settled');
  }
}

class WholeNumber {
  transform(payload: unknown): number {
    if (!Number.isInteger(payload)) throw new Error('not a whole number');
    return Number(payload) * 100;
  }
}

class Orders {
  @Idempotent({ scope: 'plain' })
  plain(): void {}

  @Idempotent({ scope: 'piped', payload: WholeNumber })
  piped(): void {}

  @Idempotent({ scope: 'optional', whenKeyMissing: 'process' })
  optional(): void {}

  @Idempotent({ scope: 'timed', requireTimestamp: true })
  timed(): void {}

  @Idempotent({ scope: 'handled', onFailure: Failures })
  handled(): void {}

  @Idempotent({ scope: 'rejecting', onFailure: Failures, whenInProgress: 'reject' })
  rejecting(): void {}

  @Idempotent({
    scope: 'dates',
    serialize: (date) => String(date),
    deserialize: (text) => `date ${String(text)}`,
  })
  dates(): void {}
}

/** An interceptor on a memory store, with the providers that the handlers name. */
class Application {
  readonly failures = new Failures();
  private readonly interceptor: IdempotencyInterceptor;

  constructor(private readonly store = new MemoryIdempotencyStore()) {
    const options: IdempotencyModuleOptions = {
      store: this.store,
      ttlSeconds: 60,
      leaseMs: 5_000,
      handlers: [messages],
    };
    const providers = new Map<unknown, unknown>([
      [Failures, this.failures],
      [WholeNumber, new WholeNumber()],
    ]);
    const modules = { get: (type: Type) => providers.get(type) } as unknown as ModuleRef;
    const service = new IdempotencyService(this.store, options, new IdempotencyEvents());
    this.interceptor = new IdempotencyInterceptor(service, modules, options);
  }

  /** Delivers a message to a handler; resolves with the answer and what an interceptor around it sees of the key. */
  async deliver(method: keyof Orders, message: Message, work: () => Promise<unknown>) {
    const execution = {
      getType: () => 'message',
      getArgs: () => [message],
      getArgByIndex: () => message,
      getClass: () => Orders,
      getHandler: () => Reflect.get<Orders, typeof method>(Orders.prototype, method),
    } as unknown as ExecutionContext;
    const handle = () => from(work());
    const answer = await firstValueFrom(await this.interceptor.intercept(execution, { handle }));
    return { answer, context: idempotencyContextOf(execution) };
  }

  isKnown(scope: string, key: string): Promise<boolean> {
    return this.store
      .find({ scope, key })
      .then(({ attempts, record }) => attempts > 0 || record !== undefined);
  }
}

/** Work that counts its runs. */
function counted(result: unknown = 'done') {
  let runs = 0;
  const work = () => {
    runs++;
    return Promise.resolve(result);
  };
  return { work, runs: () => runs };
}

describe('a request and its duplicate', () => {
  it('run the handler once, and the duplicate gets the recorded answer', async () => {
    const app = new Application();
    const { work, runs } = counted();
    const first = await app.deliver('plain', { key: 'k', payload: 1 }, work);
    const second = await app.deliver('plain', { key: 'k', payload: 1 }, work);
    expect([first.answer, second.answer, runs()]).toEqual(['done', 'done', 1]);
    expect([first.context, second.context]).toMatchObject([
      { key: 'k', replayed: false, attempt: 1 },
      { key: 'k', replayed: true },
    ]);
  });

  it("get the answer that was read back from the record's JSON", async () => {
    const app = new Application();
    const { work } = counted(7);
    const deliver = () => app.deliver('dates', { key: 'k', payload: 1 }, work);
    expect([(await deliver()).answer, (await deliver()).answer]).toEqual(['date 7', 'date 7']);
  });

  it('are different requests if their payloads differ', async () => {
    const app = new Application();
    await app.deliver('plain', { key: 'k', payload: 1 }, counted().work);
    await expect(app.deliver('plain', { key: 'k', payload: 2 }, counted().work)).rejects.toThrow(
      'idempotency-key-reused',
    );
  });
});

describe('a request that is rejected', () => {
  it.each([
    { why: 'without a key', method: 'plain', message: { payload: 1 }, code: 'missing-idempotency-key' },
    {
      why: 'with a wrong key',
      method: 'plain',
      message: { key: 'ä', payload: 1 },
      code: 'invalid-idempotency-key',
    },
    { why: 'by the pipe', method: 'piped', message: { key: 'k', payload: 'x' }, code: 'invalid-request' },
    {
      why: 'without a timestamp',
      method: 'timed',
      message: { key: 'k', payload: 1 },
      code: 'missing-timestamp',
    },
  ] as const)('$why does not run the handler and leaves no trace', async ({ method, message, code }) => {
    const app = new Application();
    const { work, runs } = counted();
    await expect(app.deliver(method, message, work)).rejects.toThrow(code);
    expect([runs(), await app.isKnown(method, 'k')]).toEqual([0, false]);
  });

  it('can be sent again under its key, corrected', async () => {
    const app = new Application();
    await expect(app.deliver('piped', { key: 'k', payload: 'x' }, counted().work)).rejects.toThrow();
    expect(await app.deliver('piped', { key: 'k', payload: 3 }, counted().work)).toMatchObject({
      answer: 'done',
    });
  });
});

describe('a request without a key that the handler takes', () => {
  it('runs each time, without a context', async () => {
    const app = new Application();
    const { work, runs } = counted();
    const deliver = () => app.deliver('optional', { payload: 1 }, work);
    expect([await deliver(), await deliver()]).toMatchObject([
      { context: undefined },
      { context: undefined },
    ]);
    expect(runs()).toBe(2);
  });
});

describe('a failure', () => {
  it('of the work goes to the class in `onFailure`, with the key', async () => {
    const app = new Application();
    const error = new Error('out of stock');
    await app.deliver('handled', { key: 'k', payload: 1 }, () => Promise.reject(error));
    expect(app.failures.handled).toMatchObject([
      { failure: { code: 'work-failed', error, attempt: 1 }, claimed: { scope: 'handled', key: 'k' } },
    ]);
  });

  it('of the request goes there without a key', async () => {
    const app = new Application();
    await app.deliver('handled', { payload: 1 }, counted().work);
    expect(app.failures.handled).toMatchObject([
      { failure: { code: 'missing-idempotency-key' }, claimed: undefined },
    ]);
  });

  it('of a key in progress goes to the caller where `whenInProgress` says so', async () => {
    const store = new MemoryIdempotencyStore();
    const owner = new Application(store);
    let end: (result: unknown) => void = () => undefined;
    const work = () => new Promise((resolve) => (end = resolve));
    const message = { key: 'k', payload: 1 };
    const running = owner.deliver('rejecting', message, work);
    await new Promise(setImmediate);
    const another = new Application(store);
    await expect(another.deliver('rejecting', { ...message }, counted().work)).rejects.toThrow('in-progress');
    end('done');
    await running;
    expect(another.failures.handled).toEqual([]);
  });
});
