import { setImmediate as nextTurn } from 'node:timers/promises';
import { TestEnvironment } from 'jest-environment-node';

/** As far as it is needed here; Jest has many more events. */
interface TestEvent {
  name: string;
  test?: { errors: unknown[] };
}

/**
 * Where specs run: a promise that is rejected while nobody listens fails the test in which that happens. Jest alone
 * looks only while a test is waiting for something, and lets its process die, or nothing happen, at other moments. A
 * set-up file could not do this: specs have a copy of `process`, which hears nothing.
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
    // Node.js tells of a rejection when all that was to be done at once is done.
    await nextTurn();
    test.errors.push(...this.unhandled.splice(0));
  }

  /** What happened outside of tests fails the file. */
  override async teardown(): Promise<void> {
    await nextTurn();
    process.off('unhandledRejection', this.note);
    await super.teardown();
    const [first] = this.unhandled;
    if (first !== undefined)
      throw new Error('a promise was rejected outside of the tests, and nobody listened', { cause: first });
  }
}
