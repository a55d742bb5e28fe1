export { Idempotent } from './idempotent.decorator';
export {
  IdempotencyContext,
  IdempotentPayload,
  idempotencyContextOf,
  type ReplayedContext,
} from './idempotency.context';
export { IdempotencyModule } from './idempotency.module';
export type { RunRequest, FailedWork, RunSettings, Work, WorkEnd } from './run-request';
export { IdempotencyService, type RunOptions } from './idempotency.service';
export { amqpInstant, type AmqpInstant, type TimestampUnit } from './handlers/amqp-instant';
export type { IncomingRequest } from './handlers/handler-kind';
export type { LocalMemoryOptions } from './local-memory';
export { RememberedError } from './remembered-error';
export { IdempotencyEvents, type IdempotencyEvent } from './idempotency.events';
export type {
  AttemptPolicy,
  HandlerDefaults,
  IdempotencyModuleOptions,
  IdempotentOptions,
  KeyReader,
  WhenInProgress,
} from './idempotency.options';
export { canonicalJson } from './canonical-json';
export { plainKey } from './handlers/http-handler';
export { checkKey, isKey, readKey, type KeyLocation } from './idempotency-key';
export type { Answered, Declined, Failed, FinalError, Refused, Failure, FailureHandler } from './outcome';
export {
  RetriesExhaustedError,
  IdempotencyError,
  IdempotencyKeyInProgressError,
  IdempotencyKeyReusedError,
  InvalidIdempotencyKeyError,
  LeaseLostError,
  MissingIdempotencyKeyError,
  MissingTimestampError,
  OutsideDeduplicationWindowError,
  RequestFromTheFutureError,
  StoreUnavailableError,
  type IdempotencyErrorCode,
} from './idempotency.errors';
export {
  IdempotencyStore,
  type Claim,
  type BeginReply,
  type BeginRequest,
  type ClaimedKey,
  type CompleteReply,
  type CompleteRequest,
  type Finding,
  type IdempotencyRecord,
  type LeaseOwner,
  type ReleaseOptions,
  type ScopedKey,
} from './store/idempotency-store';
export {
  MemoryIdempotencyStore,
  type MemoryIdempotencyStoreOptions,
} from './store/memory/memory-idempotency-store';
export { RedisIdempotencyStore } from './store/redis/redis-idempotency-store';
