export { Idempotent, SkipIdempotency } from './handlers/idempotent.decorator';
export {
  IdempotencyContext,
  IdempotentPayload,
  idempotencyContextOf,
  type ReplayedContext,
} from './handlers/idempotency.context';
export { IdempotencyModule } from './handlers/idempotency.module';
export type { RunRequest, RunSettings, Work } from './engine/run-request';
export type { Queryable, Transaction, Transactions } from './engine/transactions';
export type { MessageOptions, NewMessage, Outbox, OutboxMessage } from './outbox/outbox';
export type { Replacement } from './engine/later-results';
export { IdempotencyService } from './engine/idempotency.service';
export type { ConvertingRunOptions, RunOptions } from './engine/run-options';
export type { JsonOf } from './engine/json-of';
export { NestedCallError, UnrecordableResultError, WorkTimeoutError } from './engine/work-errors';
export type { HandlerKind } from './handlers/handler-kind';
export type { FailureHandler, IncomingRequest } from './handlers/incoming-request';
export type { LocalMemoryOptions } from './engine/local-memory';
export { RememberedError } from './stores/stored-record';
export {
  IdempotencyEvents,
  type IdempotencyEvent,
  type KeyEvent,
  type StoreEvent,
} from './engine/idempotency.events';
export type {
  AttemptPolicy,
  HandlerDefaults,
  IdempotentOptions,
  KeyReader,
  WhenInProgress,
} from './handlers/idempotency.options';
export type { IdempotencyModuleOptions } from './handlers/module-options';
export { canonicalJson } from './engine/canonical-json';
export { fingerprintOf } from './engine/fingerprint';
export { plainKey } from './handlers/http-request';
export { IdempotencyProblem, type ProblemDetails } from './handlers/http-problem';
export { checkKey, isKey, readKey, type KeyLocation } from './engine/idempotency-key';
export type { Answered, Outcome, RememberedFailure } from './engine/outcome';
export {
  RetriesExhaustedError,
  IdempotencyError,
  IdempotencyKeyInProgressError,
  IdempotencyKeyReusedError,
  InvalidIdempotencyKeyError,
  LeaseLostError,
  MissingFingerprintPropertyError,
  MissingIdempotencyKeyError,
  MissingTenantError,
  MissingTimestampError,
  OutsideDeduplicationWindowError,
  RequestFromTheFutureError,
  StoreUnavailableError,
  UnreadBodyError,
  type FailedWork,
  type Failure,
  type FailureCode,
  type NotStarted,
} from './engine/failure';
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
  type LoadStepsReply,
  type ReleaseOptions,
  type ScopedKey,
  type StoreWarning,
  type TransactionalStore,
} from './stores/idempotency-store';
export {
  MemoryIdempotencyStore,
  type MemoryIdempotencyStoreOptions,
} from './stores/memory/memory-idempotency-store';
