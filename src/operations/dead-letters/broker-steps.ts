/** Much longer than a healthy broker needs for any step. */
const STEP_WITHIN_MS = 15_000;

/** RabbitMQ, or its client library, has not answered in time. */
export class BrokerTimeoutError extends Error {
  override readonly name = 'BrokerTimeoutError';
}

/**
 * Runs broker operations on one channel, each with a time limit. After a failed step the client may never answer on that
 * channel again (amqplib waits for the reply to a request that it could not even send), so the following steps fail at
 * once with the same error.
 */
export class BrokerSteps {
  private failure: { readonly reason: unknown } | undefined;

  constructor(private readonly withinMs = STEP_WITHIN_MS) {}

  /** `what` completes the sentence "RabbitMQ did not …". */
  async run<T>(what: string, step: () => PromiseLike<T>): Promise<T> {
    if (this.failure) throw this.failure.reason;
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(this.timeoutError(what)), this.withinMs);
    });
    try {
      return await Promise.race([step(), timeout]);
    } catch (reason) {
      this.failure = { reason };
      throw reason;
    } finally {
      clearTimeout(timer);
    }
  }

  private timeoutError(what: string): BrokerTimeoutError {
    return new BrokerTimeoutError(
      `RabbitMQ did not ${what} within ${this.withinMs / 1000} s. Does it have an alarm, or too much load? Nothing is lost: try again when it is healthy`,
    );
  }
}
