import { setTimeout as sleep } from 'node:timers/promises';
import type { Bank } from './bank';
import type { Look } from './history';

const everyMs = 300;

/** Looks at the bank again and again during the run. */
export class BankWatch {
  readonly looks: Look[] = [];
  private stopped = false;
  private looking: Promise<void> = Promise.resolve();

  constructor(private readonly bank: Bank) {}

  start(): void {
    this.looking = this.lookRepeatedly();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await this.looking;
  }

  private async lookRepeatedly(): Promise<void> {
    while (!this.stopped) {
      // A server that is down shows nothing.
      const look = await this.bank.look().catch(() => undefined);
      if (look) this.looks.push(look);
      await sleep(everyMs);
    }
  }
}
