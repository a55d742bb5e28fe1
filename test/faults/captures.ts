import { setTimeout as sleep } from 'node:timers/promises';
import type { Sandbox } from '../support/sandbox';

const everyMs = 1_000;

/** Captures amounts that cards hold, as the owner of the account does. */
export class Captures {
  private readonly captured = new Set<string>();
  private stopped = false;
  private capturing: Promise<void> = Promise.resolve();

  constructor(
    private readonly sandbox: Sandbox,
    private readonly heldKeys: () => readonly string[],
  ) {}

  start(): void {
    this.capturing = this.captureRepeatedly();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await this.capturing;
  }

  private async captureRepeatedly(): Promise<void> {
    while (!this.stopped) {
      for (const key of this.heldKeys()) if (!this.captured.has(key)) await this.capture(key);
      await sleep(everyMs);
    }
  }

  private async capture(key: string): Promise<void> {
    const status = await this.sandbox.settle(key).catch(() => 'not at the gateway yet');
    if (status === 'succeeded') this.captured.add(key);
  }
}
