import {
  Controller,
  Injectable,
  Module,
  Next,
  Post,
  Res,
  Scope,
  SetMetadata,
  Sse,
  type PipeTransform,
} from '@nestjs/common';
import { EMPTY } from 'rxjs';
import { Idempotent, IdempotencyModule, MemoryIdempotencyStore } from '../src';

@Injectable({ scope: Scope.REQUEST })
export class RequestScoped implements PipeTransform {
  transform = (value: unknown) => value;
}

@Controller()
export class Cart {
  @Post('cart')
  @Idempotent({ scope: 'shop' })
  add(): void {}
}

@Controller()
export class Orders {
  @Post('orders')
  @Idempotent({ scope: 'shop' })
  place(): void {}
}

@Controller()
class Base {
  @Post()
  @Idempotent()
  place(): void {}
}
@Controller('a')
export class Heir extends Base {}
@Controller('b')
export class OtherHeir extends Base {}

@Controller()
class ScopedBase {
  @Post()
  @Idempotent({ scope: 'orders' })
  place(): void {}
}
@Controller('a')
export class ScopedHeir extends ScopedBase {}
@Controller('b')
export class OtherScopedHeir extends ScopedBase {}

@Module({
  imports: [
    IdempotencyModule.forRoot({ store: new MemoryIdempotencyStore(), ttlSeconds: 10, leaseMs: 1_000 }),
  ],
})
export class SecondRegistration {}

@Injectable()
export class Jobs {
  @Idempotent()
  nightly(): void {}
}
@Injectable()
export class Intervals {
  @SetMetadata('SCHEDULE_INTERVAL_OPTIONS', { timeout: 1_000 })
  @Idempotent()
  tick(): void {}
}
@Injectable()
export class Sockets {
  @SetMetadata('websockets:message_mapping', true)
  @Idempotent()
  message(): void {}
}
@Injectable()
export class Resolvers {
  @SetMetadata('graphql:resolver_type', 'Mutation')
  @Idempotent()
  pay(): void {}
}
@Controller()
export class Answering {
  @Post('answer')
  @Idempotent()
  answer(@Res() given: unknown): unknown {
    return given;
  }
}
@Controller()
export class Passing {
  @Post('pass')
  @Idempotent()
  pass(@Next() given: unknown): unknown {
    return given;
  }
}
@Controller()
export class Events {
  @Sse('events')
  @Idempotent()
  events() {
    return EMPTY;
  }
}
