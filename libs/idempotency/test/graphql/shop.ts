import { ApolloDriver, type ApolloDriverConfig } from '@nestjs/apollo';
import { ConflictException, type INestApplication } from '@nestjs/common';
import {
  Args,
  Field,
  GraphQLISODateTime,
  GraphQLModule,
  ID,
  Int,
  Mutation,
  ObjectType,
  Parent,
  Query,
  ResolveField,
  Resolver,
  createUnionType,
} from '@nestjs/graphql';
import { Test } from '@nestjs/testing';
import { GraphQLError } from 'graphql';
import { Idempotent, IdempotencyContext, IdempotencyModule, type IdempotencyStore } from '../../src';
import { graphql } from '../../src/graphql';

@ObjectType()
class Order {
  @Field(() => ID)
  readonly id!: string;
  @Field(() => Int)
  readonly quantity!: number;
  @Field(() => GraphQLISODateTime)
  readonly placedAt!: Date;
  readonly __typename = 'Order';
}

@ObjectType()
class Backorder {
  @Field(() => Int)
  readonly weeks!: number;
  readonly __typename = 'Backorder';
}

const Placed = createUnionType({ name: 'Placed', types: () => [Order, Backorder] as const });

/** Counts runs, and can pause them. */
export class Runs {
  readonly keys: (string | undefined)[] = [];
  private gate = Promise.resolve();

  async run(context: IdempotencyContext | undefined): Promise<number> {
    this.keys.push(context?.key);
    await this.gate;
    return this.keys.length;
  }

  /** Runs that start from now on wait until the returned function is called. */
  hold(): () => void {
    let open = (): void => undefined;
    this.gate = new Promise((resolve) => (open = resolve));
    return () => open();
  }
}

interface StoredOrder {
  readonly id: string;
  readonly quantity: number;
  readonly placedAt: string;
}

@Resolver(() => Order)
class Orders {
  constructor(private readonly runs: Runs) {}

  @Query(() => Int)
  count(): number {
    return this.runs.keys.length;
  }

  @Mutation(() => Order)
  @Idempotent<unknown, Order>({
    scope: 'place',
    serialize: (order) => order,
    deserialize: (stored) => {
      const order = stored as StoredOrder;
      return Object.assign(new Order(), order, { placedAt: new Date(order.placedAt) });
    },
  })
  async place(
    @Args('sku') sku: string,
    @Args('quantity', { type: () => Int }) quantity: number,
    @IdempotencyContext() context: IdempotencyContext,
  ): Promise<Order> {
    const run = await this.runs.run(context);
    return Object.assign(new Order(), { id: `${sku}-${run}`, quantity, placedAt: new Date(run) });
  }

  /** Without `deserialize`, a date cannot be read from the record. */
  @Mutation(() => Order)
  @Idempotent({ scope: 'careless' })
  async placeCarelessly(@IdempotencyContext() context: IdempotencyContext): Promise<Order> {
    const run = await this.runs.run(context);
    return Object.assign(new Order(), { id: 'A', quantity: 1, placedAt: new Date(run) });
  }

  @Mutation(() => Placed)
  @Idempotent({ scope: 'union', key: { property: 'key' } })
  async placeOrWait(
    @Args('key') _: string,
    @IdempotencyContext() context: IdempotencyContext,
  ): Promise<object> {
    const run = await this.runs.run(context);
    return Object.assign(new Backorder(), { weeks: run });
  }

  @Mutation(() => Int)
  @Idempotent()
  async cancel(@Args('id') _: string, @IdempotencyContext() context: IdempotencyContext): Promise<number> {
    return this.runs.run(context);
  }

  @Mutation(() => Int)
  @Idempotent()
  async refund(@Args('id') _: string, @IdempotencyContext() context: IdempotencyContext): Promise<number> {
    return this.runs.run(context);
  }

  @Mutation(() => Int)
  @Idempotent({ scope: 'failing', rememberError: () => true })
  async fail(@Args('how') how: string, @IdempotencyContext() context: IdempotencyContext): Promise<number> {
    const run = await this.runs.run(context);
    if (how === 'http') throw new ConflictException([`sold out ${run}`]);
    if (how === 'graphql') throw new GraphQLError('sold out', { extensions: { code: 'SOLD_OUT', run } });
    throw new Error(`out of order ${run}`);
  }

  @ResolveField(() => String)
  label(@Parent() order: Order): string {
    return `${order.quantity} x ${order.id} (${order.placedAt.getTime()})`;
  }
}

export interface GraphqlAnswer {
  readonly data?: Readonly<Record<string, unknown>> | null;
  readonly errors?: readonly {
    readonly message: string;
    readonly path?: readonly string[];
    readonly extensions: Readonly<Record<string, unknown>>;
  }[];
}

/** A NestJS application with a GraphQL API on Apollo and Express. */
export class GraphqlShop {
  private constructor(
    private readonly app: INestApplication,
    private readonly url: string,
  ) {}

  static async open(store: IdempotencyStore): Promise<GraphqlShop> {
    const module = await Test.createTestingModule({
      imports: [
        GraphQLModule.forRoot<ApolloDriverConfig>({
          driver: ApolloDriver,
          autoSchemaFile: true,
          playground: false,
          includeStacktraceInErrorResponses: false,
          buildSchemaOptions: { orphanedTypes: [Order, Backorder] },
        }),
        IdempotencyModule.forRoot({ store, ttlSeconds: 60, leaseMs: 5_000, handlers: [graphql()] }),
      ],
      providers: [Orders, Runs],
    }).compile();
    const app = module.createNestApplication({ logger: false });
    await app.listen(0, '127.0.0.1');
    return new GraphqlShop(app, await app.getUrl());
  }

  get runs(): Runs {
    return this.app.get(Runs);
  }

  async ask(query: string, key?: string): Promise<GraphqlAnswer> {
    const answer = await fetch(`${this.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(key !== undefined && { 'Idempotency-Key': key }) },
      body: JSON.stringify({ query }),
    });
    return (await answer.json()) as GraphqlAnswer;
  }

  async close(): Promise<void> {
    await this.app.close();
  }
}
