import { Logger } from '@nestjs/common';

/** Whether deduplication is switched off for this process: each request is processed, as if its key were new. */
export function isDisabled(): boolean {
  return ['1', 'true'].includes(process.env['IDEMPOTENCY_DISABLED'] ?? '');
}

/**
 * Says so loudly at the start.
 *
 * @throws Error in production
 */
export function announceIfDisabled(): void {
  if (!isDisabled()) return;
  if (process.env['NODE_ENV'] === 'production')
    throw new Error('IDEMPOTENCY_DISABLED is for tests: it must not be set where NODE_ENV is production');
  new Logger('Idempotency').error(
    'IDEMPOTENCY_DISABLED is set: nothing is deduplicated, and @Idempotent() handlers run for every request',
  );
}
