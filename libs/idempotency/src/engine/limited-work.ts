import type { Lease } from './lease';
import type { RunContext } from './run-context';
import type { Work } from './run-request';
import { WorkTimeoutError } from './work-errors';

/**
 * Starts work, and resolves with its result; or rejects when `maxWorkMs` is over: then it may go on, but its lease is stopped
 * and its end ignored.
 *
 * @throws LeaseLostError, in the same turn, if the lease has ended
 */
export function startWork<T>(
  work: Work<T>,
  context: RunContext,
  { lease, maxWorkMs }: { readonly lease: Lease; readonly maxWorkMs: number | undefined },
): Promise<T> {
  // The store may have answered late, or the process may have been frozen before it read the answer.
  context.assertHeld();
  const working = work(context).catch(async (thrown: unknown): Promise<never> => {
    await context.steps?.end();
    throw thrown;
  });
  return maxWorkMs === undefined ? working : within(maxWorkMs, working, lease);
}

async function within<T>(maxWorkMs: number, working: Promise<T>, lease: Lease): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const error = new WorkTimeoutError(maxWorkMs);
      lease.stop(error);
      reject(error);
    }, maxWorkMs);
  });
  try {
    return await Promise.race([working, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
