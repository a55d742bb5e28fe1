import { RpcException, Transport } from '@nestjs/microservices';
import { errorOf, messageOf, type Failure, type FailureCode } from '../../engine/failure';
import { RememberedError } from '../../stores/stored-record';
import type { SupportedTransport } from './rpc-call';

/** The status codes of gRPC that are used here; see https://grpc.io/docs/guides/status-codes/ */
const GRPC = {
  invalidArgument: 3,
  alreadyExists: 6,
  failedPrecondition: 9,
  aborted: 10,
  unavailable: 14,
} as const;

/** Failures of which the caller gets the error as it was thrown: it is the application's own. */
type OwnFailureCode = 'invalid-request' | 'work-failed';

const GRPC_STATUS: Readonly<Record<Exclude<FailureCode, OwnFailureCode>, number>> = {
  'missing-idempotency-key': GRPC.invalidArgument,
  'invalid-idempotency-key': GRPC.invalidArgument,
  'missing-timestamp': GRPC.invalidArgument,
  'idempotency-key-reused': GRPC.alreadyExists,
  'in-progress': GRPC.aborted,
  'retries-exhausted': GRPC.failedPrecondition,
  'outside-deduplication-window': GRPC.failedPrecondition,
  'from-the-future': GRPC.failedPrecondition,
  'lease-lost': GRPC.unavailable,
  'store-unavailable': GRPC.unavailable,
};

/**
 * What a caller gets for a request without a result. gRPC: a status and its details; other transports: an object with
 * `code` (the failure's), `message`, and `retryInMs` if another process works on the key.
 */
export function callerErrorOf(failure: Failure, transport: SupportedTransport): unknown {
  const error = errorOf(failure);
  switch (failure.code) {
    case 'invalid-request':
    case 'work-failed':
      return error;
    default: {
      const message = messageOf(error);
      if (transport === Transport.GRPC) return new RpcException({ code: GRPC_STATUS[failure.code], message });
      const retry = failure.code === 'in-progress' && { retryInMs: failure.remainingMs };
      return new RpcException({ status: 'error', code: failure.code, message, ...retry });
    }
  }
}

/** A remembered error as it was thrown first, so that the exception filters answer it alike. */
export function rememberedErrorOf(error: unknown): unknown {
  if (!(error instanceof RememberedError) || error.original.rpc === undefined) return error;
  return new RpcException(error.original.rpc.error);
}
