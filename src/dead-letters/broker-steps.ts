/** Much longer than a healthy broker needs for any of them. */
const STEP_WITHIN_MS = 15_000;

/** RabbitMQ, or the client that talks to it, has not answered in time. */
export class BrokerSilentError extends Error {
  override readonly name = 'BrokerSilentError';
}

/**
 * What is asked of the broker on one channel, each step within a limit. After a step that failed the client may never
 * answer on that channel again (amqplib waits for the reply of what it could not even send), so the next ones fail at
 * once, for the same reason.
 */
export class BrokerSteps {
  private failure: { readonly reason: unknown } | undefined;

  constructor(private readonly withinMs = STEP_WITHIN_MS) {}

  /** `what` completes the sentence "RabbitMQ did not …". */
  async take<T>(what: string, step: () => PromiseLike<T>): Promise<T> {
    if (this.failure) throw this.failure.reason;
    let timer: NodeJS.Timeout | undefined;
    const silence = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(this.silent(what)), this.withinMs);
    });
    try {
      return await Promise.race([step(), silence]);
    } catch (reason) {
      this.failure = { reason };
      throw reason;
    } finally {
      clearTimeout(timer);
    }
  }

  private silent(what: string): BrokerSilentError {
    return new BrokerSilentError(
      `RabbitMQ did not ${what} within ${this.withinMs / 1000} s; has it an alarm, or too much to do? Nothing is lost: try again when it is well`,
    );
  }
}
