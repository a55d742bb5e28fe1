import type { ConsumeMessage } from 'amqplib';

/** Messages that have come and are not looked at yet. */
export class Arrivals {
  private readonly waiting: ConsumeMessage[] = [];
  private failure: Error | undefined;
  private wake: () => void = () => undefined;

  /** What a consumer is called with: the broker ends it with null. */
  readonly add = (message: ConsumeMessage | null): void => {
    if (message) this.waiting.push(message);
    else this.failure ??= new Error('RabbitMQ ended the look at the dead letters; was the queue deleted?');
    this.wake();
  };

  readonly fail = (): void => {
    this.failure ??= new Error('RabbitMQ closed the channel while the dead letters were read; try again');
    this.wake();
  };

  /** The next one; undefined when none came within the time. */
  async next(withinMs: number): Promise<ConsumeMessage | undefined> {
    if (this.waiting.length === 0 && !this.failure) await this.arrival(withinMs);
    if (this.failure) throw this.failure;
    return this.waiting.shift();
  }

  /** What came after one had stopped to ask. */
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
