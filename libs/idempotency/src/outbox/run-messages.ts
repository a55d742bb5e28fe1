import type { Transaction } from '../engine/transactions';
import type { ScopedKey } from '../stores/idempotency-store';
import { newMessage } from './new-message';
import type { MessageOptions, Outbox } from './outbox';

/** The messages of one transaction. */
export class RunMessages {
  private count = 0;
  private isOver = false;

  constructor(
    private readonly outbox: Outbox,
    private readonly transaction: Transaction,
    private readonly name: ScopedKey,
  ) {}

  async publish(
    exchange: string,
    routingKey: string,
    content: unknown,
    options: MessageOptions = {},
  ): Promise<void> {
    // The connection may be in use for something else, where the message would be written without the effect.
    if (this.isOver)
      throw new Error(
        `context.publish() in the scope '${this.name.scope}' was called after the end of the work; await it in the work`,
      );
    const message = newMessage(this.name, ++this.count, { exchange, routingKey, content, options });
    await this.outbox.write(this.transaction, message);
  }

  /** The work has ended. */
  end(): void {
    this.isOver = true;
  }

  committed(): void {
    if (this.count > 0) this.outbox.wake?.();
  }
}
