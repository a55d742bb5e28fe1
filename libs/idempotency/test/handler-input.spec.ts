import type { ExecutionContext } from '@nestjs/common';
import { ROUTE_ARGS_METADATA } from '@nestjs/common/constants';
import { Idempotent, IdempotencyContext, IdempotentPayload, idempotencyContextOf } from '../src';
import { provideHandlerInput } from '../src/handlers/idempotency.context';
import { optionsOf } from '../src/handlers/idempotency.options';

class Orders {
  @Idempotent({ scope: 'order' })
  place(@IdempotencyContext() context: unknown, @IdempotentPayload() payload: unknown): unknown[] {
    return [context, payload];
  }

  cancel(): void {
    // Not decorated with @Idempotent().
  }
}

const message = { properties: { headers: {} }, fields: {} };

function executionOf(method: 'place' | 'cancel', source: object = message): ExecutionContext {
  const parts: Partial<ExecutionContext> = {
    getType: <T>() => 'rmq' as T,
    getArgs: <T>() => [{ total: 7 }, source] as T,
    getArgByIndex: <T>() => source as T,
    getClass: <T>() => Orders as T,
    getHandler: () => Reflect.get(Orders.prototype, method),
  };
  return parts as ExecutionContext;
}

/** The values that the parameter decorators pass to the handler, in the order of its parameters. */
function argumentsFor(execution: ExecutionContext): unknown[] {
  const parameters = Object.values(
    Reflect.getMetadata(ROUTE_ARGS_METADATA, Orders, 'place') as Record<
      string,
      { index: number; factory: (data: unknown, execution: ExecutionContext) => unknown }
    >,
  );
  return parameters
    .sort((one, other) => one.index - other.index)
    .map(({ factory }) => factory(undefined, execution));
}

describe('the parameters of a handler', () => {
  const context = { scope: 'order', key: 'abc', replayed: true } as const;

  it('are the context and the payload of its own request', () => {
    const source = { ...message };
    provideHandlerInput(executionOf('place', source), 1, { context, payload: 'as the pipe returned it' });
    expect(argumentsFor(executionOf('place', source))).toEqual([context, 'as the pipe returned it']);
    expect(idempotencyContextOf(executionOf('place', source))).toBe(context);
  });

  it('are an error if the engine has not seen the request', () => {
    expect(() => argumentsFor(executionOf('place', { ...message }))).toThrow(
      'Orders.place uses a parameter decorator that needs @Idempotent() on the method',
    );
    expect(idempotencyContextOf(executionOf('place', { ...message }))).toBeUndefined();
  });
});

describe('the options of a handler', () => {
  it('are those of its decorator', () => {
    expect(optionsOf(executionOf('place'))).toMatchObject({ scope: 'order' });
  });

  it('are an error that names the handler if it has no decorator', () => {
    expect(() => optionsOf(executionOf('cancel'))).toThrow('cancel is not marked with @Idempotent()');
  });
});
