export { Idempotent } from './idempotent.decorator';
export { IdempotencyContext, IdempotentPayload } from './idempotency.context';
export { IdempotencyModule } from './idempotency.module';
export type { Claim, Work } from './claim';
export { IdempotencyService } from './idempotency.service';
export { IdempotencyEvents, type IdempotencyEvent } from './idempotency.events';
export type { IdempotencyModuleOptions, IdempotentOptions } from './idempotency.options';
export { checkKey, type KeyLocation } from './idempotency-key';
export type { Answered, Declined, Failed, Refused, Unprocessed, UnprocessedHandler } from './outcome';
export {
  IdempotencyError,
  IdempotencyKeyBusyError,
  IdempotencyKeyReusedError,
  InvalidIdempotencyKeyError,
  LeaseLostError,
  MissingIdempotencyKeyError,
  OutsideWindowError,
  StoreUnavailableError,
  type IdempotencyErrorCode,
} from './idempotency.errors';
export {
  IdempotencyStore,
  type Finding,
  type IdempotencyRecord,
  type ScopedKey,
} from './store/idempotency-store';
export { RedisIdempotencyStore } from './store/redis/redis-idempotency-store';
