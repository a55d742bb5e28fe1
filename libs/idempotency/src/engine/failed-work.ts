import { LeaseLostError, type FailedWork } from './failure';
import type { RunRequest } from './run-request';
import type { ReleaseOptions } from '../stores/idempotency-store';

/** Whether an error is final. An error that `rememberError` throws comes first. */
export function judgeError(
  { rememberError }: RunRequest,
  error: unknown,
): { readonly isRemembered: boolean; readonly error: unknown } {
  // A lost lease is never the final answer, even if `rememberError` says so.
  if (error instanceof LeaseLostError) return { isRemembered: false, error };
  try {
    return { isRemembered: rememberError?.(error) ?? false, error };
  } catch (fault) {
    return { isRemembered: false, error: fault };
  }
}

/** How to release the key, and which error to report: one that the application's own functions throw comes first. */
export function judgeFailure(request: RunRequest, failed: FailedWork): ReleaseOptions & { error: unknown } {
  const { error } = failed;
  if (error instanceof LeaseLostError) return { counting: 'unfinished', error };
  try {
    const counting = request.uncounted?.(error) ? 'uncounted' : 'counted';
    const backoffMs = Math.ceil(request.backoffMs?.(failed) ?? 0);
    return { counting, error, ...(backoffMs > 0 && { backoffMs }) };
  } catch (fault) {
    return { counting: 'counted', error: fault };
  }
}

/**
 * The same for work that goes on although its time is over. Its effect may still happen, so the attempt counts whatever
 * `uncounted` says, and the key stays taken for as long as the lease would have lasted.
 */
export function judgeUnended(
  request: RunRequest,
  failed: FailedWork,
  unusedMs: number,
): ReleaseOptions & { error: unknown } {
  const { error, backoffMs = 0 } = judgeFailure(request, failed);
  return { counting: 'counted', error, backoffMs: Math.max(backoffMs, Math.ceil(unusedMs)) };
}
