import type { BatchEnd } from './relay-batch';
import { Nap, pauseMs, pollWaitMs } from './relay-waits';

/** Publishes one batch after the other, until it is stopped. */
export class RelayLane {
  private readonly poll = new Nap();
  /** After a failure. Commits do not end it: while a broker is down, they go on. */
  private readonly pause = new Nap();
  private readonly ended: Promise<void>;
  private isStopping = false;

  /** @param nextBatch resolves with undefined if the database failed; never rejects */
  constructor(
    private readonly nextBatch: (isStopping: () => boolean) => Promise<BatchEnd | undefined>,
    private readonly pollMs: number,
  ) {
    this.ended = this.run();
  }

  /** Whether it waits for messages. */
  get isIdle(): boolean {
    return this.poll.isAsleep;
  }

  /** Looks for messages now. */
  wake(): void {
    this.poll.wake();
  }

  /** Resolves when the batch in flight has ended. */
  async stop(): Promise<void> {
    this.isStopping = true;
    this.poll.wake();
    this.pause.wake();
    await this.ended;
  }

  private async run(): Promise<void> {
    let failedBatches = 0;
    while (!this.isStopping) {
      const end = await this.nextBatch(() => this.isStopping);
      const isFailed = end === undefined || (end.failed > 0 && end.published === 0);
      failedBatches = isFailed ? failedBatches + 1 : 0;
      if (isFailed) await this.pause.sleep(pauseMs(failedBatches));
      else if (!end.isFull) await this.poll.sleep(pollWaitMs(this.pollMs));
    }
  }
}
