import type { ExecutionContext, Type } from '@nestjs/common';
import { Mutation, Query, ResolveField, ResolveReference, Resolver, Subscription } from '@nestjs/graphql';
import { Test } from '@nestjs/testing';
import {
  Idempotent,
  IdempotencyModule,
  MemoryIdempotencyStore,
  type Failure,
  type HandlerKind,
} from '../../src';
import { graphqlErrorOf } from '../../src/handlers/graphql-error';
import { GraphqlIdempotencyError, graphql } from '../../src/graphql';

function executionOf(args: object, context: object): ExecutionContext {
  const info = { fieldName: 'pay', parentType: { name: 'Mutation' }, path: { key: 'first' } };
  return {
    getArgs: () => [undefined, args, context, info],
    getClass: () => class Payments {},
    getHandler: () => function pay() {},
  } as unknown as ExecutionContext;
}

describe('the request of a mutation', () => {
  const request = { headers: { 'idempotency-key': '"k"', host: 'shop' } };

  it.each([
    { server: 'Apollo', context: { req: request } },
    { server: 'a context function with another name', context: { request } },
    { server: 'Mercurius', context: { app: {}, reply: { request } } },
  ])('has the headers of the HTTP request of $server', ({ context }) => {
    expect(graphql().request(executionOf({}, context))).toMatchObject({
      source: request,
      headers: request.headers,
    });
  });

  it('has no headers if the context has no HTTP request: the key can be among the arguments', () => {
    const context = { user: 1 };
    expect(graphql().request(executionOf({ key: 'k' }, context))).toMatchObject({
      source: context,
      headers: undefined,
      payload: { key: 'k' },
    });
  });

  it('is for one field of the operation: its type, name and alias', async () => {
    expect((await graphql().request(executionOf({}, {}))).target).toEqual(['Mutation', 'pay', 'first']);
  });

  it('cannot have uploaded files, which all look alike', () => {
    const args = { input: { photos: [Promise.resolve('a file')] } };
    expect(() => graphql().request(executionOf(args, {}))).toThrow(
      '@Idempotent() on Payments.pay: uploaded files among the arguments',
    );
  });
});

describe('a mutation that was not processed', () => {
  it.each<{ failure: Failure; status: number; code: string }>([
    {
      failure: { kind: 'failed', code: 'retries-exhausted', attempts: 8 },
      status: 409,
      code: 'IDEMPOTENCY_RETRIES_EXHAUSTED',
    },
    { failure: { kind: 'failed', code: 'lease-lost' }, status: 503, code: 'IDEMPOTENCY_OUTCOME_UNKNOWN' },
  ])('is answered with a GraphQL error: $failure.code', ({ failure, status, code }) => {
    const error = graphqlErrorOf(failure);
    expect(error).toBeInstanceOf(GraphqlIdempotencyError);
    expect(error).toMatchObject({ extensions: { status, code } });
  });
});

describe('an application with @Idempotent() in a resolver', () => {
  const idempotent = Idempotent({ scope: 'resolver' });

  @Resolver()
  class Queries {
    @Query(() => String)
    @idempotent
    handle(): void {}
  }
  @Resolver()
  class Subscriptions {
    @Subscription(() => String)
    @idempotent
    handle(): void {}
  }
  @Resolver()
  class Fields {
    @ResolveField(() => String)
    @idempotent
    handle(): void {}
  }
  @Resolver()
  class References {
    @ResolveReference()
    @idempotent
    handle(): void {}
  }
  @Resolver()
  class Mutations {
    @Mutation(() => String)
    @idempotent
    handle(): void {}
  }

  async function start(resolver: Type, handlers: readonly HandlerKind[] = [graphql()]) {
    const options = { store: new MemoryIdempotencyStore(), ttlSeconds: 60, leaseMs: 5_000, handlers };
    const imports = [IdempotencyModule.forRoot(options)];
    const module = await Test.createTestingModule({ imports, providers: [resolver] }).compile();
    return module.init();
  }

  it.each([Queries, Subscriptions, Fields, References])('does not start with one on %p', async (resolver) => {
    await expect(start(resolver)).rejects.toThrow(
      `@Idempotent() on ${resolver.name}.handle: of GraphQL, only mutations can be idempotent`,
    );
  });

  it('starts with one on a mutation', async () => {
    await expect(start(Mutations)).resolves.toBeDefined();
  });

  it('does not start if mutations are not registered; the error has the missing line', async () => {
    await expect(start(Mutations, [])).rejects.toThrow(
      /^@Idempotent\(\) on Mutations.handle: .*handlers: \[graphql\(\)\].*from 'nestjs-idempotent\/graphql'$/,
    );
  });
});
