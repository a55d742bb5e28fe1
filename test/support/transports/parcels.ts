import {
  BadRequestException,
  Controller,
  Injectable,
  UseGuards,
  ValidationPipe,
  type CanActivate,
  type ExecutionContext,
} from '@nestjs/common';
import { EventPattern, MessagePattern, Payload, RpcException } from '@nestjs/microservices';
import { IsInt } from 'class-validator';
import { Idempotent, IdempotencyContext } from 'nestjs-idempotent';

/** What happened, in order, by the key of the message. */
@Injectable()
export class Diary {
  private readonly entries: { key: string; entry: string }[] = [];

  note(key: string, entry: string): void {
    this.entries.push({ key, entry });
  }

  /** Sorted, because handlers of one event run at the same time. */
  of(key: string): string[] {
    return this.entries
      .filter((entry) => entry.key === key)
      .map(({ entry }) => entry)
      .sort();
  }

  count(key: string, entry: string): number {
    return this.of(key).filter((one) => one === entry).length;
  }
}

/** A message; `ends` says how the calls of a handler end, one after the other: `fails`, `refuses` or, at the end, well. */
export interface Parcel {
  readonly id: string;
  readonly ends?: Readonly<Record<string, readonly string[]>>;
}

function work(diary: Diary, handler: string, { id, ends }: Parcel): void {
  const end = ends?.[handler]?.[diary.count(id, handler)];
  diary.note(id, handler);
  if (end === 'fails') throw new Error(`${handler} failed`);
  if (end === 'refuses') throw new BadRequestException(`${handler} refuses the parcel`);
}

/** Forbids, or throws, as the message says. */
@Injectable()
export class Gate implements CanActivate {
  constructor(private readonly diary: Diary) {}

  canActivate(execution: ExecutionContext): boolean {
    const { id, ends } = execution.switchToRpc().getData<Parcel>();
    const end = ends?.['gate']?.[this.diary.count(id, 'gate')];
    this.diary.note(id, 'gate');
    if (end === 'fails') throw new Error('the gate is stuck');
    return end !== 'refuses';
  }
}

class Weight {
  @IsInt()
  grams?: number;
}

/** Keys are in the payload, so that messages of each transport can have one. */
const key = { property: 'id' } as const;

@Controller()
export class Shipping {
  constructor(private readonly diary: Diary) {}

  @EventPattern(['parcel.packed', { parcel: 'packed', urgent: true }])
  @Idempotent({ scope: 'shipping', key })
  ship(@Payload() parcel: Parcel, @IdempotencyContext() context: IdempotencyContext): void {
    work(this.diary, 'ship', parcel);
    this.diary.note(parcel.id, `${context.scope} has its own context`);
  }

  @EventPattern('parcel.guarded')
  @UseGuards(Gate)
  @Idempotent({ scope: 'guarded', key })
  guarded(@Payload() parcel: Parcel): void {
    work(this.diary, 'guarded', parcel);
  }

  @EventPattern('parcel.weighed')
  @Idempotent({ scope: 'weighing', key, fingerprint: ['id'] })
  weigh(@Payload() parcel: Parcel, @Payload(new ValidationPipe()) weight: Weight): void {
    this.diary.note(parcel.id, `weighed ${String(weight.grams)}`);
  }

  @MessagePattern('parcel.weigh')
  @Idempotent({ scope: 'weigh', key, fingerprint: ['id'] })
  answer(@Payload() parcel: Parcel, @Payload(new ValidationPipe()) weight: Weight): object {
    work(this.diary, 'answer', parcel);
    return { grams: weight.grams };
  }

  @MessagePattern('parcel.lost')
  @Idempotent({ scope: 'lost', key, rememberError: () => true })
  lost(@Payload() parcel: Parcel): void {
    work(this.diary, 'lost', parcel);
    throw new RpcException({ code: 'LOST', parcel: parcel.id });
  }

  @MessagePattern('parcel.forget')
  @Idempotent({ scope: 'forget', key })
  forget(@Payload() parcel: Parcel): void {
    work(this.diary, 'forget', parcel);
  }
}

@Controller()
export class Billing {
  constructor(private readonly diary: Diary) {}

  @EventPattern([{ urgent: true, parcel: 'packed' }, 'parcel.packed'])
  @Idempotent({ scope: 'billing', key })
  bill(@Payload() parcel: Parcel, @IdempotencyContext() context: IdempotencyContext): void {
    work(this.diary, 'bill', parcel);
    this.diary.note(parcel.id, `${context.scope} has its own context`);
  }

  @EventPattern('parcel.guarded')
  @Idempotent({ scope: 'unguarded', key })
  unguarded(@Payload() parcel: Parcel): void {
    work(this.diary, 'unguarded', parcel);
  }
}
