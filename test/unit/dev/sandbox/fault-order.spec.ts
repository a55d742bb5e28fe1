import { orderableKinds, parseFaultOrder } from '../../../../src/dev/sandbox/fault-order';

const usual = { matching: { request: 'create' }, times: 1, probability: 1, seed: 1 };

describe('ordering a fault', () => {
  it.each([
    [{ kind: 'drop-after' }, { kind: 'drop-after' }],
    [
      { kind: 'delay', delayMs: 50 },
      { kind: 'delay', delayMs: 50, when: 'before' },
    ],
    [{ kind: 'error-500' }, { kind: 'error-500', status: 500, charged: false }],
    [
      { kind: 'error-500', status: 503, charged: true },
      { kind: 'error-500', status: 503, charged: true },
    ],
    [{ kind: 'rate-limit' }, { kind: 'rate-limit', retryAfterSeconds: 1 }],
    [
      { kind: 'settle-after', delayMs: 0 },
      { kind: 'settle-after', delayMs: 0 },
    ],
  ])('%j gets defaults for missing fields', (body, fault) => {
    expect(parseFaultOrder(body)).toEqual({ kind: 'order', order: { fault, ...usual } });
  });

  it('accepts times, probability and matching', () => {
    const matching = { request: 'any', idempotencyKey: 'k', paymentId: 'p', paymentMethod: 'm' };
    const wishes = { times: 0, probability: 0.05, seed: 7, matching };
    expect(parseFaultOrder({ kind: 'conflict', ...wishes })).toEqual({
      kind: 'order',
      order: { fault: { kind: 'conflict' }, ...wishes },
    });
  });

  it('refuses the API key for every request, not only for charges', () => {
    expect(parseFaultOrder({ kind: 'unauthorized' })).toMatchObject({
      order: { matching: { request: 'any' } },
    });
  });

  it('of a webhook accepts the type of the event', () => {
    const matching = { eventType: 'payment_intent.succeeded', paymentId: 'p' };
    expect([
      parseFaultOrder({ kind: 'webhook-lost', matching }),
      parseFaultOrder({ kind: 'webhook-lost' }),
    ]).toMatchObject([
      { order: { matching: { request: 'webhook', ...matching } } },
      { order: { matching: { request: 'webhook' } } },
    ]);
  });

  it('forgets one key or all of them', () => {
    expect([
      parseFaultOrder({ kind: 'forget-keys', matching: { idempotencyKey: 'k' } }),
      parseFaultOrder({ kind: 'forget-keys' }),
    ]).toEqual([
      { kind: 'forget-keys', idempotencyKey: 'k' },
      { kind: 'forget-keys', idempotencyKey: null },
    ]);
  });

  it.each(orderableKinds)('accepts the kind %s', (kind) => {
    const delayed = ['delay', 'settle-after', 'webhook-late'].includes(kind);
    expect(parseFaultOrder({ kind, ...(delayed && { delayMs: 1 }) }).kind).not.toBe('invalid');
  });
});

describe('an invalid order of a fault', () => {
  it.each([
    ['not an object', [], 'the body must be a JSON object'],
    ['not JSON', undefined, 'the body must be a JSON object'],
    ['no kind', {}, `kind must be one of ${orderableKinds.join(', ')}`],
    ['unknown kind', { kind: 'explode' }, `kind must be one of ${orderableKinds.join(', ')}`],
    ['delay without a time', { kind: 'delay' }, 'delayMs must be an integer from 0 to 600000'],
    ['a time as text', { kind: 'delay', delayMs: '5' }, 'delayMs must be an integer from 0 to 600000'],
    ['half a time', { kind: 'conflict', times: 0.5 }, 'times must be an integer from 0 to 1000000'],
    [
      'a probability above 1',
      { kind: 'conflict', probability: 2 },
      'probability must be a number from 0 to 1',
    ],
    [
      'a status that is not a failure',
      { kind: 'error-500', status: 200 },
      'status must be an integer from 500 to 599',
    ],
    [
      'neither before nor after',
      { kind: 'delay', delayMs: 1, when: 'now' },
      'when must be one of before, after',
    ],
    [
      'charged that is not a boolean',
      { kind: 'error-500', charged: 'maybe' },
      'charged must be true or false',
    ],
    ['matching that is not an object', { kind: 'conflict', matching: 'x' }, 'matching must be an object'],
    [
      'a key that is not a string',
      { kind: 'conflict', matching: { idempotencyKey: 1 } },
      'matching.idempotencyKey must be a text',
    ],
    [
      'a field of another kind',
      { kind: 'conflict', delayMs: 5 },
      'delayMs is not a known field; allowed are kind, matching, times, probability, seed',
    ],
    [
      'an unknown field to match',
      { kind: 'conflict', matching: { amount: 5 } },
      'matching.amount is not a known field; allowed are request, idempotencyKey, paymentId, paymentMethod',
    ],
    [
      'a webhook that is late without a time',
      { kind: 'webhook-late' },
      'delayMs must be an integer from 0 to 600000',
    ],
    [
      'a webhook as a request',
      { kind: 'webhook-lost', matching: { request: 'create' } },
      'matching.request must be one of webhook',
    ],
    [
      'a type of event for a charge',
      { kind: 'conflict', matching: { eventType: 'payment_intent.succeeded' } },
      'matching.eventType is not a known field; allowed are request, idempotencyKey, paymentId, paymentMethod',
    ],
    [
      'times for what is done at once',
      { kind: 'forget-keys', times: 2 },
      'times is not a known field; allowed are kind, matching',
    ],
  ])('%s', (_what, body, problem) => {
    expect(parseFaultOrder(body)).toEqual({ kind: 'invalid', problems: [problem] });
  });

  it('is reported with all problems at once', () => {
    const parsed = parseFaultOrder({ kind: 'delay', delayMs: -1, when: 'never', extra: true });
    expect(parsed).toMatchObject({
      problems: [
        expect.stringContaining('delayMs'),
        expect.stringContaining('when'),
        expect.stringContaining('extra'),
      ],
    });
  });
});
