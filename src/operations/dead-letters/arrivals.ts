import type { ConsumeMessage } from 'amqplib';

/** Messages that the broker has delivered and that are not read yet. */
export class Arrivals {
  private readonly waiting: ConsumeMessage[] = [];
  private failure: Error | undefined;
  private wake: () => void = () => undefined;

  /** The consumer's callback; the broker calls it with null when it cancels the consumer. */
  readonly add = (message: ConsumeMessage | null): void => {
    if (message) this.waiting.push(message);
    else
      this.failure ??= new Error(
        'RabbitMQ cancelled the consumer of the dead letters; was the queue deleted?',
      );
    this.wake();
  };

  readonly fail = (): void => {
    this.failure ??= new Error('RabbitMQ closed the channel while the dead letters were read; try again');
    this.wake();
  };

  /** The next message; undefined when none arrives in time. */
  async next(withinMs: number): Promise<ConsumeMessage | undefined> {
    if (this.waiting.length === 0 && !this.failure) await this.arrival(withinMs);
    if (this.failure) throw this.failure;
    return this.waiting.shift();
  }

  /** What arrived after the last call of next(). */
  rest(): ConsumeMessage[] {
    return this.waiting.splice(0);
  }

  private arrival(withinMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, withinMs);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
