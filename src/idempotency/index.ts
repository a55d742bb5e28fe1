export { Idempotent } from './idempotent.decorator';
export {
  IdempotencyContext,
  IdempotentPayload,
  idempotencyContextOf,
  type ReplayedContext,
} from './idempotency.context';
export { IdempotencyModule } from './idempotency.module';
export type { RunRequest, RunSettings, Work } from './run-request';
export { IdempotencyService, type RunOptions } from './idempotency.service';
export { amqpInstant, type AmqpInstant, type TimestampUnit } from './handlers/amqp-instant';
export type { FailureHandler, IncomingRequest } from './handlers/handler-kind';
export type { LocalMemoryOptions } from './local-memory';
export { RememberedError } from './store/stored-record';
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
export type { Answered, Outcome, RememberedFailure } from './outcome';
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
  type FailedWork,
  type Failure,
  type FailureCode,
  type NotStarted,
} from './failure';
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
