import { ApolloDriver, type ApolloDriverConfig } from '@nestjs/apollo';
import { UseInterceptors, UsePipes, ValidationPipe } from '@nestjs/common';
import {
  Args,
  ArgsType,
  Field,
  GraphQLModule,
  Int,
  Mutation,
  ObjectType,
  Query,
  Resolver,
} from '@nestjs/graphql';
import { Test } from '@nestjs/testing';
import { IsInt, IsOptional, IsString, Min } from 'class-validator';
import { IdempotencyModule, Idempotent } from '../../../src';
import { graphql } from '../../../src/graphql';
import { SCOPE, TableStore, type Driver } from '../driver';
import { Arrivals, Orders, isSoldOut, soldOutOverHttp, type Order, type Placed } from '../orders';

@ArgsType()
class OrderArguments implements Order {
  @Field(() => String)
  @IsString()
  id = '';

  @Field(() => Int)
  @IsInt()
  @Min(1)
  quantity = 0;

  @Field(() => String, { nullable: true })
  @IsOptional()
  @IsString()
  end?: 'throws' | 'refuses';
}

@ObjectType()
class PlacedOrder implements Placed {
  @Field(() => Int)
  readonly runs!: number;
}

@Resolver()
@UseInterceptors(Arrivals)
class OrdersResolver {
  constructor(private readonly orders: Orders) {}

  /** A schema needs a query. */
  @Query(() => Int)
  count(): number {
    return 0;
  }

  @Mutation(() => PlacedOrder)
  @UsePipes(new ValidationPipe())
  @Idempotent({ scope: SCOPE, rememberError: isSoldOut })
  place(@Args() order: OrderArguments): Promise<Placed> {
    return this.orders.place(order, soldOutOverHttp);
  }
}

interface Answer {
  readonly data?: { readonly place: Placed } | null;
  readonly errors?: readonly {
    readonly message: string;
    readonly extensions: {
      readonly code: string;
      readonly status?: number;
      readonly retryAfterSeconds?: number;
    };
  }[];
}

export async function openGraphql(): Promise<Driver> {
  const store = new TableStore();
  const module = await Test.createTestingModule({
    imports: [
      GraphQLModule.forRoot<ApolloDriverConfig>({
        driver: ApolloDriver,
        autoSchemaFile: true,
        playground: false,
      }),
      IdempotencyModule.forRoot({ store, ttlSeconds: 60, leaseMs: 5_000, handlers: [graphql()] }),
    ],
    providers: [OrdersResolver, Arrivals, Orders],
  }).compile();
  const app = module.createNestApplication({ logger: false });
  await app.listen(0, '127.0.0.1');
  const url = await app.getUrl();
  return {
    orders: app.get(Orders),
    store,
    close: () => app.close(),
    async send(variables, key) {
      const query =
        'mutation ($id: String!, $quantity: Int!, $end: String) { place(id: $id, quantity: $quantity, end: $end) { runs } }';
      const response = await fetch(`${url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...(key !== undefined && { 'idempotency-key': key }) },
        body: JSON.stringify({ query, variables }),
      });
      return { caller: callerOf((await response.json()) as Answer) };
    },
  };
}

function callerOf({ data, errors = [] }: Answer): string[] {
  const [error] = errors;
  if (!error) return ['data', JSON.stringify(data?.place)];
  const { code, status, retryAfterSeconds } = error.extensions;
  if (status === undefined) return ['error', code, error.message];
  return [`error ${status}`, code, ...(retryAfterSeconds === undefined ? [] : ['retryAfterSeconds'])];
}
