import { Controller, Get, Post, type Type } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import {
  Idempotent,
  IdempotencyModule,
  MemoryIdempotencyStore,
  type IdempotencyModuleOptions,
  type IdempotentOptions,
} from '../src';
import {
  RequestScoped,
  Cart,
  Orders,
  Heir,
  OtherHeir,
  ScopedHeir,
  OtherScopedHeir,
  SecondRegistration,
  Jobs,
  Intervals,
  Sockets,
  Resolvers,
  Answering,
  Passing,
  Events,
} from './refused-handlers';

const settings = { store: new MemoryIdempotencyStore(), ttlSeconds: 60, leaseMs: 5_000 };

/** The error of an application that does not start; undefined if it does. */
async function startWith(parts: {
  controllers?: Type[];
  providers?: Type[];
  imports?: Type[];
  options?: object;
}): Promise<string | undefined> {
  const { controllers = [], providers = [], imports = [], options } = parts;
  try {
    const all = { ...settings, ...options } as IdempotencyModuleOptions;
    const module = await Test.createTestingModule({
      imports: [IdempotencyModule.forRoot(all), ...imports],
      controllers,
      providers,
    }).compile();
    const app = module.createNestApplication({ logger: false });
    await app.init();
    await app.close();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function controllerWith(options: object, methodName = 'place'): Type {
  @Controller()
  class Orders {}
  const decorators = [Post(), Idempotent(options)];
  Object.defineProperty(Orders.prototype, methodName, { value: () => undefined, configurable: true });
  const descriptor = Object.getOwnPropertyDescriptor(Orders.prototype, methodName) ?? {};
  for (const decorator of decorators.reverse()) decorator(Orders.prototype, methodName, descriptor);
  return Orders;
}

describe('an application does not start', () => {
  it.each([
    {
      why: 'a scope of two handlers',
      controllers: [Cart, Orders],
      says: [/on Orders\.place: the scope 'shop' is also that of Cart\.add/, 'a scope of its own'],
    },
    {
      why: 'a scope that two classes inherit',
      controllers: [ScopedHeir, OtherScopedHeir],
      says: ['OtherScopedHeir.place', 'ScopedHeir.place'],
    },
    {
      why: 'two registrations',
      imports: [SecondRegistration],
      says: ['registered more than once', 'in one module only'],
    },
    {
      why: 'a method that nothing intercepts',
      providers: [Jobs],
      says: ['Jobs.nightly', 'through interceptors', 'IdempotencyService.run()'],
    },
    {
      why: 'a scheduled method',
      providers: [Intervals],
      says: ['Intervals.tick', '@nestjs/schedule', 'IdempotencyService.run()'],
    },
    {
      why: 'a WebSocket handler',
      providers: [Sockets],
      says: ['Sockets.message', 'WebSocket', 'IdempotencyService.run()'],
    },
    {
      why: 'a GraphQL resolver that is not registered',
      providers: [Resolvers],
      says: ['Resolvers.pay', 'handlers: [graphql()]'],
    },
    {
      why: '@Res() without passthrough',
      controllers: [Answering],
      says: ['Answering.answer', '@Res({ passthrough: true })'],
    },
    { why: '@Next()', controllers: [Passing], says: ['Passing.pass', '@Next()'] },
    { why: 'a stream of events', controllers: [Events], says: ['Events.events', '@Sse'] },
    {
      why: 'a request-scoped pipe',
      controllers: [controllerWith({ payload: RequestScoped })],
      providers: [RequestScoped],
      says: ['Orders.place: payload names RequestScoped', 'request-scoped'],
    },
    { why: 'no store', options: { store: undefined }, says: ['store'] },
    {
      why: 'a lease longer than the record',
      controllers: [controllerWith({ ttlSeconds: 4 })],
      says: ['Orders.place', 'leaseMs'],
    },
    { why: 'an unknown option of the module', options: { ttl: 5 }, says: ["unknown option 'ttl'"] },
    {
      why: 'an unknown default',
      options: { defaults: { keys: 5 } },
      says: ["unknown option 'defaults.keys'"],
    },
    {
      why: 'a default for one handler only',
      options: { defaults: { scope: 'x' } },
      says: ['scope cannot be in defaults'],
    },
    { why: 'a wrong kind', options: { handlers: ['rabbitmq'] }, says: ['handlers must be a list'] },
    { why: 'a wrong local memory', options: { localMemory: { maxEntries: '5' } }, says: ['localMemory'] },
  ])('with $why; the error says where and what to do', async ({ says, ...parts }) => {
    const message = await startWith(parts);
    for (const part of says) expect(message).toMatch(part);
  });

  it.each<{ [Name in keyof IdempotentOptions | 'leaseSeconds']?: unknown }>([
    { leaseSeconds: 5 },
    { scope: 5 },
    { key: 'x-key' },
    { key: { query: 'x' } },
    { whenKeyMissing: 'ignore' },
    { requireTimestamp: 'yes' },
    { tenant: 'acme' },
    { payload: 'pipe' },
    { fingerprint: true },
    { fingerprint: [] },
    { fingerprint: [7] },
    { whenInProgress: 'wait' },
    { whenInProgress: { waitMs: 2 ** 31, then: 'reject' } },
    { whenInProgress: { waitMs: 5 } },
    { leaseMs: 2 ** 31 },
    { rememberResult: true },
    { rememberError: [] },
    { uncounted: 1 },
    { serialize: {}, deserialize: {} },
    { attempts: () => 5 },
    { onFailure: {} },
  ])('with a wrong option of a handler: %j', async (options) => {
    const [name = ''] = Object.keys(options);
    expect(() => controllerWith(options)).toThrow(/^@Idempotent\(\) on Orders\.place: /);
    expect(() => controllerWith(options)).toThrow(name);
  });
});

describe('an application starts', () => {
  it('with two classes that inherit a handler: each has a scope of its own', async () => {
    expect(await startWith({ controllers: [Heir, OtherHeir] })).toBeUndefined();
  });

  it('with undefined options, which are the defaults', async () => {
    const options = { ttlSeconds: undefined, tenant: undefined };
    expect(await startWith({ controllers: [controllerWith(options)] })).toBeUndefined();
  });
});

describe('@Idempotent() on a class', () => {
  it('that has no routes to protect is refused', () => {
    const decorate = () => {
      @Idempotent()
      class Reports {
        @Get()
        all(): void {}
      }
      return Reports;
    };
    expect(decorate).toThrow('@Idempotent() on Reports: the class has no HTTP routes that change something');
  });
});
