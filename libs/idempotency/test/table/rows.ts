import type { Row, Rows } from './situations';

/** The answer of the handler, which counts how often the order was placed. */
const PLACED = '{"runs":1}';

/** A row of a kind whose transport settles nothing. */
const told = (caller: readonly string[], note?: string): Row => ({
  caller,
  ...(note !== undefined && { note }),
});

export const http: Rows = {
  new: told(['201', PLACED], 'The answer leaves once it is recorded.'),
  replay: told(
    ['201', PLACED, 'Idempotent-Replayed: true'],
    'The first answer: status, headers, cookies and body.',
  ),
  'running here': told(
    ['201', PLACED, 'Idempotent-Replayed: true'],
    'It waits for the first one, and gets its answer.',
  ),
  'running elsewhere': told(
    ['409', 'in-progress', 'Retry-After'],
    'Problem details. With `whenInProgress: { waitMs, then }` it waits for the answer first.',
  ),
  mismatch: told(
    ['422', 'idempotency-key-reused'],
    'Problem details. Another method, path or query is other content, too.',
  ),
  error: told(
    ['500', '{"statusCode":500,"message":"Internal server error"}'],
    'As the exception filters of the application answer it.',
  ),
  'remembered error': told(
    ['410', '{"statusCode":410,"message":"sold out"}', 'Idempotent-Replayed: true'],
    'As the exception filters answered it the first time.',
  ),
  'invalid input': told([
    '400',
    '{"message":["quantity must not be less than 1"],"error":"Bad Request","statusCode":400}',
  ]),
  'missing key': told(
    ['400', 'missing-idempotency-key'],
    'Problem details. With `whenKeyMissing: "process"` the handler runs unprotected.',
  ),
  'store away': told(
    ['503', 'store-unavailable', 'Retry-After'],
    'Problem details. Also if the store goes away during the work, because the outcome is then not recorded.',
  ),
};

export const graphql: Rows = {
  new: told(['data', PLACED]),
  replay: told(['data', PLACED], 'The recorded result, with the fields that this request asks for.'),
  'running here': told(['data', PLACED], 'It waits for the first one, and gets its result.'),
  'running elsewhere': told(['error 409', 'IDEMPOTENCY_KEY_IN_PROGRESS', 'retryAfterSeconds']),
  mismatch: told(
    ['error 422', 'IDEMPOTENCY_KEY_REUSED'],
    'Another mutation, alias or argument is other content.',
  ),
  error: told(['error', 'INTERNAL_SERVER_ERROR', 'the warehouse is on fire'], 'As without `@Idempotent()`.'),
  'remembered error': told(
    ['error', 'INTERNAL_SERVER_ERROR', 'sold out'],
    'The same error as the first time.',
  ),
  'invalid input': told(['error', 'BAD_REQUEST', 'Bad Request Exception']),
  'missing key': told(['error 400', 'MISSING_IDEMPOTENCY_KEY']),
  'store away': told(['error 503', 'IDEMPOTENCY_OUTCOME_UNKNOWN', 'retryAfterSeconds']),
};

/** A `@MessagePattern` over any transport but gRPC. */
export const rpc: Rows = {
  new: told(['result', PLACED]),
  replay: told(['result', PLACED]),
  'running here': told(['result', PLACED], 'It waits for the first one, and gets its result.'),
  'running elsewhere': told(['in-progress', 'retryInMs']),
  mismatch: told(['idempotency-key-reused']),
  error: told(['error', 'Internal server error'], 'As without `@Idempotent()`.'),
  'remembered error': told(['SOLD_OUT'], 'The content of the `RpcException`, as the first time.'),
  'invalid input': told(
    ['error', 'Internal server error'],
    'NestJS hides what is not an `RpcException`; give the pipe an `exceptionFactory`, or add an exception filter.',
  ),
  'missing key': told(['missing-idempotency-key']),
  'store away': told(['store-unavailable'], 'The caller decides when to ask again.'),
};

/** The same, and whatever the answer is, it settles the message. */
export const rpcOverRabbitmq = Object.fromEntries(
  Object.entries(rpc).map(([situation, row]) => [situation, { ...row, message: 'acknowledged' }]),
) as Rows;

export const grpc: Rows = {
  new: told(['OK', PLACED]),
  replay: told(['OK', PLACED]),
  'running here': told(['OK', PLACED], 'It waits for the first one, and gets its result.'),
  'running elsewhere': told(['ABORTED']),
  mismatch: told(['ALREADY_EXISTS']),
  error: told(['UNKNOWN'], 'As without `@Idempotent()`.'),
  'remembered error': told(['RESOURCE_EXHAUSTED'], 'The status of the `RpcException`, as the first time.'),
  'invalid input': told(
    ['UNKNOWN'],
    'NestJS hides what is not an `RpcException`; give the pipe an `exceptionFactory`, or add an exception filter.',
  ),
  'missing key': told(['INVALID_ARGUMENT']),
  'store away': told(['UNAVAILABLE']),
};

/** A message of RabbitMQ that nobody waits for; `again` says when it comes back. */
const event = (again: string): Rows => ({
  new: { caller: [], message: 'acknowledged', note: 'Once the record is stored.' },
  replay: { caller: [], message: 'acknowledged' },
  'running here': {
    caller: [],
    message: 'acknowledged',
    note: 'Together with the first one, once the record is stored.',
  },
  'running elsewhere': { caller: [], message: 'requeued', note: again },
  mismatch: { caller: [], message: 'rejected' },
  error: { caller: [], message: 'requeued', note: again },
  'remembered error': { caller: [], message: 'acknowledged', note: 'The message is done.' },
  'invalid input': { caller: [], message: 'rejected' },
  'missing key': { caller: [], message: 'rejected' },
  'store away': { caller: [], message: 'requeued', note: again },
});

const AT_ONCE =
  'It comes back at once, as long as nothing has changed: give the handler an `onFailure` that delays it.';

export const subscribe: Rows = event(AT_ONCE);
export const eventPattern: Rows = event('After a second.');

const NO_ANSWER = 'The caller gets no reply: @golevelup has none for errors.';

export const rabbitRpc: Rows = {
  new: { caller: ['reply', PLACED], message: 'acknowledged' },
  replay: { caller: ['reply', PLACED], message: 'acknowledged' },
  'running here': {
    caller: ['reply', PLACED],
    message: 'acknowledged',
    note: 'It waits for the first one, and gets its result.',
  },
  'running elsewhere': { caller: ['no reply'], message: 'requeued', note: AT_ONCE },
  mismatch: { caller: ['no reply'], message: 'rejected', note: NO_ANSWER },
  error: { caller: ['no reply'], message: 'requeued', note: AT_ONCE },
  'remembered error': { caller: ['no reply'], message: 'rejected', note: NO_ANSWER },
  'invalid input': { caller: ['no reply'], message: 'rejected', note: NO_ANSWER },
  'missing key': { caller: ['no reply'], message: 'rejected', note: NO_ANSWER },
  'store away': { caller: ['no reply'], message: 'requeued', note: AT_ONCE },
};

export const run: Rows = {
  new: told(['executed', PLACED]),
  replay: told(['replayed', PLACED], 'What JSON makes of the result, or what `deserialize` does.'),
  'running here': told(['replayed', PLACED], 'It waits for the first one, and gets its result.'),
  'running elsewhere': told(['in-progress'], 'With `inProgressWaitMs` it waits for the result first.'),
  mismatch: told(['idempotency-key-reused'], 'Compared is the option `payload`.'),
  error: told(['throws', 'Error'], 'What the work has thrown.'),
  'remembered error': told(
    ['throws', 'HttpException'],
    'An `HttpException` as it was; what is recorded of other errors is a `RememberedError`.',
  ),
  'invalid input': told(['throws', 'BadRequestException'], 'What the work has thrown.'),
  'missing key': told(['throws', 'InvalidIdempotencyKeyError'], 'An empty key.'),
  'store away': told(['throws', 'StoreUnavailableError']),
};
