export {
  createIdempotentFetch,
  type IdempotentFetch,
  type IdempotentFetchSettings,
  type IdempotentRequestInit,
  type IdempotentResponse,
} from './client/idempotent-fetch';
export {
  createIdempotentPublish,
  type IdempotentMessage,
  type IdempotentPublish,
  type IdempotentPublishSettings,
  type PublishedMessage,
  type PublishingConnection,
  type PublishOptions,
} from './client/idempotent-publish';
export { OutcomeUnknownError } from './client/outcome-unknown.error';
export type { RepeatLimits } from './client/limits';
