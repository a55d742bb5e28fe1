import { RABBIT_HANDLER, type RabbitHandlerConfig } from '@golevelup/nestjs-rabbitmq';
import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import type { ConsumeMessage } from 'amqplib';
import { from, lastValueFrom, type Observable } from 'rxjs';
import { removeForeignHeaders } from './message-headers';
import { MessagePipeline } from './message.pipeline';

/** Outermost on every subscriber of a work queue: passes each message through the pipeline. */
@Injectable()
export class DeliveryInterceptor implements NestInterceptor {
  constructor(private readonly pipeline: MessagePipeline) {}

  intercept(execution: ExecutionContext, next: CallHandler): Observable<unknown> {
    const [body, message] = execution.getArgs<[unknown, ConsumeMessage]>();
    removeForeignHeaders(message);
    const work = () => lastValueFrom<unknown, unknown>(next.handle(), { defaultValue: undefined });
    return from(this.pipeline.process(execution, { queue: queueOf(execution), message, body }, work));
  }
}

function queueOf(execution: ExecutionContext): string {
  const config = Reflect.getMetadata(RABBIT_HANDLER, execution.getHandler()) as
    RabbitHandlerConfig | undefined;
  return config?.queue ?? 'unknown';
}
