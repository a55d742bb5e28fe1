import { setImmediate as nextTurn } from 'node:timers/promises';
import { TestEnvironment } from 'jest-environment-node';

/** The fields that are needed here; Jest has many more events. */
interface TestEvent {
  name: string;
  test?: { errors: unknown[] };
}

/**
 * The Jest environment of the specs: an unhandled rejection fails the test in which it happens. Jest itself notices one
 * only while a test waits for something; at other times its process dies or nothing happens. A set-up file could not do
 * this, because specs have a copy of `process` that gets no such events.
 */
export default class StrictEnvironment extends TestEnvironment {
  private readonly unhandled: unknown[] = [];
  private readonly note = (error: unknown): void => void this.unhandled.push(error);

  override async setup(): Promise<void> {
    await super.setup();
    process.on('unhandledRejection', this.note);
  }

  async handleTestEvent({ name, test }: TestEvent): Promise<void> {
    if (name !== 'test_done' || !test) return;
    // Node.js reports a rejection only after all microtasks are done.
    await nextTurn();
    test.errors.push(...this.unhandled.splice(0));
  }

  /** An unhandled rejection outside of tests fails the file. */
  override async teardown(): Promise<void> {
    await nextTurn();
    process.off('unhandledRejection', this.note);
    await super.teardown();
    const [first] = this.unhandled;
    if (first !== undefined) throw new Error('an unhandled rejection outside of the tests', { cause: first });
  }
}
