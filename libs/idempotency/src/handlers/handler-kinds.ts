import type { ExecutionContext } from '@nestjs/common';
import type { HandlerKind } from './handler-kind';
import { httpHandler } from './http-handler';
import type { IdempotencyModuleOptions } from './module-options';

/** HTTP controllers, and the kinds that the application has registered. */
export function kindsOf({ handlers = [] }: IdempotencyModuleOptions): readonly HandlerKind[] {
  return [httpHandler, ...handlers];
}

/** @throws Error if `@Idempotent()` is on a kind of handler that is not registered */
export function kindOf(execution: ExecutionContext, kinds: readonly HandlerKind[]): HandlerKind {
  const type = execution.getType<string>();
  const kind = kinds.find((known) => known.type === type);
  if (kind) return kind;
  throw new Error(
    `@Idempotent() on ${execution.getClass().name}.${execution.getHandler().name}: handlers of the type '${type}' are ` +
      'not registered in the option `handlers` of IdempotencyModule, or not supported',
  );
}
