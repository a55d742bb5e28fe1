import { RABBIT_HANDLER, type RabbitHandlerConfig } from '@golevelup/nestjs-rabbitmq';
import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import type { ConsumeMessage } from 'amqplib';
import { from, lastValueFrom, type Observable } from 'rxjs';
import { Deliveries } from './deliveries';
import { removeForeignHeaders } from './message-origin';

/** Stands before everything else that a subscriber does with a message, so that all of it is measured and named. */
@Injectable()
export class DeliveryInterceptor implements NestInterceptor {
  constructor(private readonly deliveries: Deliveries) {}

  intercept(execution: ExecutionContext, next: CallHandler): Observable<unknown> {
    const [body, message] = execution.getArgs<[unknown, ConsumeMessage]>();
    removeForeignHeaders(message);
    const received = { queue: queueOf(execution), message, body };
    const work = () => lastValueFrom<unknown, unknown>(next.handle(), { defaultValue: undefined });
    return from(this.deliveries.process(received, work));
  }
}

function queueOf(execution: ExecutionContext): string {
  const config = Reflect.getMetadata(RABBIT_HANDLER, execution.getHandler()) as
    RabbitHandlerConfig | undefined;
  return config?.queue ?? 'unknown';
}
