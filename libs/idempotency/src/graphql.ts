import { graphqlHandler } from './handlers/graphql-handler';
import type { HandlerKind } from './handlers/handler-kind';

export { GraphqlIdempotencyError } from './handlers/graphql-error';

/**
 * `@Mutation()` of @nestjs/graphql, for the module's option `handlers`.
 *
 * @example
 * IdempotencyModule.forRoot({ store, ttlSeconds: 86_400, leaseMs: 30_000, handlers: [graphql()] })
 */
export function graphql(): HandlerKind {
  return graphqlHandler;
}
