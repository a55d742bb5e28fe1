import {
  HttpException,
  Injectable,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { RpcException } from '@nestjs/microservices';
import { IsInt, IsOptional, IsString, Min } from 'class-validator';
import type { Observable } from 'rxjs';

/** What each handler of the table gets. */
export class Order {
  /** Of the order, not its key: also an order without a key has one. */
  @IsString()
  id = '';

  /** 0 is invalid. */
  @IsInt()
  @Min(1)
  quantity = 0;

  /** How the work ends, if not well. */
  @IsOptional()
  @IsString()
  end?: 'throws' | 'refuses';

  /** The key, on transports without headers. */
  @IsOptional()
  @IsString()
  key?: string;
}

export interface Placed {
  /** How often the order has been placed. */
  readonly runs: number;
}

/** The one effect of all handlers of the table, and how it went for each order. */
@Injectable()
export class Orders {
  private readonly runs = new Map<string, number>();
  private readonly arrivals = new Map<string, number>();
  private gate = Promise.resolve();

  async place({ id, end }: Order, refusal: () => Error): Promise<Placed> {
    const runs = this.runsOf(id) + 1;
    this.runs.set(id, runs);
    await this.gate;
    if (end === 'throws') throw new Error('the warehouse is on fire');
    if (end === 'refuses') throw refusal();
    return { runs };
  }

  runsOf(id: string): number {
    return this.runs.get(id) ?? 0;
  }

  /** How many requests with this order have come, whatever became of them. */
  arrivalsOf(id: string): number {
    return this.arrivals.get(id) ?? 0;
  }

  arrive(id: string): void {
    this.arrivals.set(id, this.arrivalsOf(id) + 1);
  }

  /** Work that starts from now on waits until the returned function is called. */
  hold(): () => void {
    let open = (): void => undefined;
    this.gate = new Promise((resolve) => (open = resolve));
    return () => open();
  }
}

/** The final error of handlers over HTTP and GraphQL. */
export const soldOutOverHttp = (): Error => new HttpException('sold out', 410);

/** The final error of handlers of @nestjs/microservices. */
export const soldOut = (): Error => new RpcException({ code: 'SOLD_OUT', message: 'sold out' });

/** Which errors are final: the two above, not those of a `ValidationPipe`. */
export const isSoldOut = (error: unknown): boolean =>
  error instanceof RpcException || (error instanceof HttpException && error.getStatus() === 410);

/** Outside of `@Idempotent()`: sees each request before it does. */
@Injectable()
export class Arrivals implements NestInterceptor {
  constructor(private readonly orders: Orders) {}

  intercept(execution: ExecutionContext, next: CallHandler): Observable<unknown> {
    this.orders.arrive(orderIn(execution).id);
    return next.handle();
  }
}

function orderIn(execution: ExecutionContext): Order {
  switch (execution.getType<string>()) {
    case 'http':
      return execution.switchToHttp().getRequest<{ body: Order }>().body;
    case 'graphql':
      return execution.getArgByIndex<Order>(1);
    default:
      return execution.getArgByIndex<Order>(0);
  }
}
