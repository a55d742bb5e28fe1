import { Injectable } from '@nestjs/common';
import type { IdempotencyContext } from 'nestjs-idempotent';

/** Counts the effects of the shop's handlers, and can pause a handler in the middle of its work. */
@Injectable()
export class Ledger {
  readonly contexts: (IdempotencyContext | undefined)[] = [];
  private readonly counts = new Map<string, number>();
  private gate: Promise<void> = Promise.resolve();

  count(name: string): number {
    return this.counts.get(name) ?? 0;
  }

  async work(name: string, context: IdempotencyContext | undefined): Promise<void> {
    this.contexts.push(context);
    this.counts.set(name, this.count(name) + 1);
    await this.gate;
  }

  /** Handlers that start from now on wait until the returned function is called. */
  hold(): () => void {
    let open = (): void => undefined;
    this.gate = new Promise((resolve) => (open = resolve));
    return () => open();
  }
}
