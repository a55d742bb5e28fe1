import { Nack } from '@golevelup/nestjs-rabbitmq';
import { Injectable, Logger, type ExecutionContext } from '@nestjs/common';
import { SpanKind } from '@opentelemetry/api';
import type { ConsumeMessage } from 'amqplib';
import {
  IdempotencyService,
  idempotencyContextOf,
  type AttemptPolicy,
  type ClaimedKey,
  type FailedWork,
  type Failure,
  type FailureHandler,
} from 'nestjs-idempotent';
import { inSpan, linkTo, traceIn } from '../observability/tracing/spans';
import { Consumption } from './consumption';
import type { DeadLetter, Delay, Disposition } from './disposition';
import { MessageEvents } from './message-events';
import { historyOf, identityOf } from './message-headers';
import { keyIn } from './message-key';
import { MessageMetrics, type MessageOutcome } from './message.metrics';
import { MessagesInFlight, type LogFields } from './messages-in-flight';
import { PublisherClocks } from './publisher-clocks';
import type { MessageDescription, QueuePolicy } from './queue-policy';
import { lookAgain } from './second-look';
import { Settlement } from './settlement';
import { WaitingTimes } from './waiting-times';

/** A message of a work queue, while it is processed. */
interface Delivery {
  readonly policy: QueuePolicy;
  readonly message: ConsumeMessage;
  readonly description: MessageDescription;
  /** The idempotency key in the message; undefined without a valid one. */
  readonly key: string | undefined;
  readonly logFields: LogFields;
  /** Set when it was not processed: what was done with it. */
  disposition?: Disposition;
}

/**
 * What happens to every message of every work queue: it is measured, logged and traced; when it was not processed, the
 * queue's policy decides what is done with it, consumption pauses if needed, and it is settled.
 *
 * It begins in `DeliveryInterceptor`; `@Idempotent({ attempts: MessagePipeline, onFailure: MessagePipeline })` on the
 * subscriber calls the rest.
 */
@Injectable()
export class MessagePipeline implements FailureHandler<ConsumeMessage>, AttemptPolicy<ConsumeMessage> {
  private readonly logger = new Logger(MessagePipeline.name);
  private readonly policies = new Map<string, QueuePolicy>();
  private readonly deliveries = new WeakMap<ConsumeMessage, Delivery>();

  constructor(
    private readonly idempotency: IdempotencyService,
    private readonly consumption: Consumption,
    private readonly settlement: Settlement,
    private readonly waitingTimes: WaitingTimes,
    private readonly metrics: MessageMetrics,
    private readonly clocks: PublisherClocks,
    private readonly events: MessageEvents,
    private readonly inFlight: MessagesInFlight,
  ) {}

  /** Registers the policy of a queue. Call it when the module starts, before the first message. */
  use(policy: QueuePolicy): void {
    this.policies.set(policy.queue.name, policy);
    this.metrics.startAtZero(policy.queue, policy.reasons);
  }

  /** Runs a subscriber for a message, and resolves with its answer to the broker: a {@link Nack} or nothing. */
  async process(
    execution: ExecutionContext,
    { queue, message, body }: { queue: string; message: ConsumeMessage; body: unknown },
    work: () => Promise<unknown>,
  ): Promise<unknown> {
    const policy = this.policyOf(queue);
    const description = policy.describe(body);
    const key = keyIn(message, body);
    const attempt = () => contextOf(execution)?.attempt ?? historyOf(message).attempts;
    const logFields = () => ({
      ...description.fields,
      ...(key !== undefined && { idempotencyKey: key }),
      attempt: attempt(),
    });
    const delivery: Delivery = { policy, message, description, key, logFields };
    this.deliveries.set(message, delivery);
    this.clocks.watch(message);
    return inSpan(
      () => spanOf(delivery),
      async (span) => {
        const forget = key === undefined ? undefined : this.inFlight.add(policy.queue, key, logFields);
        const ended = this.metrics.started(queue);
        let outcome: MessageOutcome = 'requeued';
        try {
          const answer = policy.ignores?.(body) ? undefined : await work();
          outcome = outcomeOf(execution, delivery, answer);
          return answer;
        } finally {
          forget?.();
          ended(outcome);
          span.setAttributes({ 'message.attempt': attempt(), 'message.outcome': outcome });
        }
      },
    );
  }

  /** Called by `@Idempotent()` for a message that was not processed. */
  async handle(
    message: ConsumeMessage,
    failure: Failure,
    claimed?: ClaimedKey,
  ): Promise<'settled' | 'requeue'> {
    const delivery = this.deliveryOf(message);
    const { policy } = delivery;
    const { disposition, pause } = policy.decide(failure, historyOf(message));
    const changed = await lookAgain(this.idempotency, policy, { claimed, failure, disposition });
    if (changed === 'answered') {
      delivery.disposition = { kind: 'ack' };
      return 'settled';
    }
    if (changed) return this.handle(message, changed);
    if (pause !== undefined) this.pause(policy, pause);
    const { queue } = policy;
    const { logFields } = delivery;
    delivery.disposition = await this.settlement.settle({ message, queue, disposition, logFields });
    if (delivery.disposition.kind === 'requeue') return 'requeue';
    this.metrics.settled(queue.name, disposition);
    this.log(delivery, disposition, failure);
    this.events.emit({ kind: 'settled', queue: queue.name, message, disposition, key: claimed?.key });
    return 'settled';
  }

  maxAttempts(message: ConsumeMessage): number {
    return this.deliveryOf(message).policy.maxAttempts;
  }

  forgivenAttempts(message: ConsumeMessage): number {
    return historyOf(message).attemptsBeforeReplay;
  }

  isUncounted(message: ConsumeMessage, error: unknown): boolean {
    return !this.decideWork(message, { error, attempt: 1 }).counts;
  }

  backoffMs(message: ConsumeMessage, failed: FailedWork): number | undefined {
    const { disposition, counts } = this.decideWork(message, failed);
    // An uncounted attempt needs no backoff: the queue pauses.
    return counts && disposition.kind === 'delay' ? disposition.delayMs : undefined;
  }

  waitingSince(message: ConsumeMessage): Promise<Date | undefined> {
    return this.waitingTimes.since(message, this.deliveryOf(message).policy.queue);
  }

  private decideWork(message: ConsumeMessage, failed: FailedWork) {
    const failure: Failure = { kind: 'failed', code: 'work-failed', ...failed };
    return this.deliveryOf(message).policy.decide(failure, historyOf(message));
  }

  private pause({ pauses, queue }: QueuePolicy, name: string): void {
    const pause = pauses?.[name];
    if (pause) this.consumption.pause(this.waitingTimes.remembered({ ...pause, queue }));
    else if (name === 'store') {
      const isOver = () => this.idempotency.probeStore().then(() => true);
      this.consumption.pause(this.waitingTimes.remembered({ reason: 'Redis is unavailable', isOver }));
    }
  }

  private log(
    { policy, message, logFields }: Delivery,
    disposition: Delay | DeadLetter,
    failure: Failure,
  ): void {
    const fields = {
      ...logFields(),
      ...identityOf(message),
      ...disposition,
      ...('error' in failure && { err: failure.error }),
    };
    if (disposition.kind === 'delay') this.logger.log(fields, `${policy.noun} delayed`);
    else this.logger.warn(fields, `${policy.noun} dead-lettered`);
  }

  private policyOf(queue: string): QueuePolicy {
    const policy = this.policies.get(queue);
    if (!policy)
      throw new Error(`no policy for '${queue}': call MessagePipeline.use() when its module starts`);
    return policy;
  }

  private deliveryOf(message: ConsumeMessage): Delivery {
    const delivery = this.deliveries.get(message);
    if (!delivery)
      throw new Error('a subscriber of a work queue needs @UseInterceptors(DeliveryInterceptor)');
    return delivery;
  }
}

/** The key and attempt of a message whose work has begun; undefined for a replay. */
function contextOf(execution: ExecutionContext) {
  const context = idempotencyContextOf(execution);
  return context?.replayed === false ? context : undefined;
}

function outcomeOf(execution: ExecutionContext, delivery: Delivery, answer: unknown): MessageOutcome {
  if (answer instanceof Nack) return 'requeued';
  switch (delivery.disposition?.kind) {
    case 'delay':
      return 'delayed';
    case 'dead-letter':
      return 'dead-lettered';
    case 'requeue':
      return 'requeued';
    case 'ack':
      return 'duplicate';
    case undefined: {
      const context = idempotencyContextOf(execution);
      if (!context) return 'ignored';
      if (!context.replayed) return 'processed';
      if (context.origin !== undefined) linkTo(context.origin);
      return 'duplicate';
    }
  }
}

function spanOf({ policy, message, description, key }: Delivery) {
  const { fields, properties } = message;
  return {
    name: `process ${policy.queue.name}`,
    kind: SpanKind.CONSUMER,
    attributes: {
      'messaging.system': 'rabbitmq',
      'messaging.operation.type': 'process',
      'messaging.destination.name': policy.queue.name,
      'messaging.rabbitmq.redelivered': fields.redelivered,
      ...(key !== undefined && { 'idempotency.key': key }),
      ...description.attributes,
    },
    parent: traceIn(properties.headers),
  };
}
