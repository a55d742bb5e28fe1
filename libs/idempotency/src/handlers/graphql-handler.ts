import type { ExecutionContext } from '@nestjs/common';
import { graphqlErrorOf } from './graphql-error';
import type { CheckedHandler } from './handler-kind';
import { messageHandler } from './message-handler';
import { isInvalidInput } from './permanent-failures';

/** Where @nestjs/graphql stores the kind of a resolver; `@ResolveField()` has the others alone. */
const RESOLVER_TYPE = 'graphql:resolver_type';
const RESOLVER_METADATA = [RESOLVER_TYPE, 'graphql:resolve_property', 'graphql:resolve_reference'];

interface HttpRequest {
  readonly headers: Readonly<Record<string, unknown>>;
}

/** The used parts of the arguments that every resolver gets. */
type ResolverArguments = [
  root: unknown,
  args: Readonly<Record<string, unknown>>,
  context: object,
  info: {
    readonly fieldName: string;
    readonly parentType: { readonly name: string };
    /** `key` is the alias, or the name of a field without one. */
    readonly path: { readonly key: string | number };
  },
];

/**
 * Mutations of @nestjs/graphql, whatever server is below it. The key is in the HTTP header of the request. It belongs to one
 * field of the operation: its name, its alias and its arguments. So a second alias of the mutation under the same key is
 * refused, not answered with the result of the first.
 *
 * A record is JSON, without classes and dates. The first caller's result goes through JSON as well: what a resolver of a
 * field or a type cannot read then fails in the first test, not in the first replay.
 */
export const graphqlHandler = messageHandler({
  type: 'graphql',
  argument: 3,
  isHandler: (method) => RESOLVER_METADATA.some((key) => Reflect.hasMetadata(key, method)),
  check: requireMutation,
  hasTimestamp: false,
  hasHttpHeaders: true,

  request(execution) {
    const [, args, context, info] = execution.getArgs<ResolverArguments>();
    requireReadArguments(args, `${execution.getClass().name}.${execution.getHandler().name}`);
    const request = httpRequestOf(context);
    return {
      source: request ?? context,
      headers: request?.headers,
      payload: args,
      requestedAt: undefined,
      target: [info.parentType.name, info.fieldName, info.path.key],
    };
  },

  answer: (_: ExecutionContext, recorded): unknown => JSON.parse(JSON.stringify(recorded ?? null)),

  async fail(_, failure) {
    await Promise.resolve();
    throw failure.kind === 'failed' ? graphqlErrorOf(failure) : failure.error;
  },

  // A client may correct a mutation whose input was wrong, and send it again under the same key.
  uncounted: isInvalidInput,
});

function requireMutation({ name, method }: CheckedHandler): void {
  if (Reflect.getMetadata(RESOLVER_TYPE, method) === 'Mutation') return;
  throw new Error(
    `@Idempotent() on ${name}: of GraphQL, only mutations can be idempotent, not queries, subscriptions and fields; move it ` +
      'to the @Mutation() that has the effect',
  );
}

/** Apollo has the request as `req` on Express and Fastify, Mercurius below its `reply`. */
function httpRequestOf(context: object): HttpRequest | undefined {
  const { req, request, reply } = context as Partial<Record<'req' | 'request' | 'reply', unknown>>;
  return [req, request, isObject(reply) && 'request' in reply && reply.request].find(isHttpRequest);
}

function isHttpRequest(value: unknown): value is HttpRequest {
  return isObject(value) && 'headers' in value && isObject(value.headers);
}

/** An uploaded file is a promise among the arguments, and all promises are alike in a fingerprint. */
function requireReadArguments(value: unknown, handler: string): void {
  if (!isObject(value)) return;
  if ('then' in value && typeof value.then === 'function') {
    throw new Error(
      `@Idempotent() on ${handler}: uploaded files among the arguments of a mutation are not supported, because other ` +
        'files could not be told apart; upload them to an HTTP route',
    );
  }
  for (const item of Object.values(value)) requireReadArguments(item, handler);
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
