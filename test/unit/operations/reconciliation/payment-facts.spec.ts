import { recordedIn } from '../../../../src/operations/reconciliation/payment-facts';

const processedAt = '2026-01-02T12:00:00.000Z';

function found(result: unknown, at = processedAt): ReturnType<typeof recordedIn> {
  return recordedIn({
    record: { processedAt: at, result, fingerprint: 'fingerprint', fencingToken: 1 },
    attempts: 1,
    countedAttempts: 1,
    forgivenAttempts: 0,
    remainingLeaseMs: undefined,
  });
}

describe('a record', () => {
  it.each([
    { status: 'succeeded', chargeId: 'pi_1' },
    { status: 'processing', chargeId: 'pi_1' },
    { status: 'failed', chargeId: 'pi_1', declineCode: 'insufficient_funds' },
    { status: 'declined', chargeId: 'pi_1', declineCode: 'insufficient_funds' },
    { status: 'declined', declineCode: 'insufficient_funds' },
  ])('says what became of the payment: %j', (result) => {
    expect(found(result)).toEqual({
      kind: result.status,
      chargeId: result.chargeId,
      processedAt: new Date(processedAt),
    });
  });

  it.each([
    { status: 'succeeded' },
    { status: 'processing', chargeId: 7 },
    { status: 'refunded', chargeId: 'pi_1' },
    'succeeded',
    null,
  ])('is unreadable if it is not of this version: %j', (result) => {
    expect(found(result)).toEqual({ kind: 'unreadable' });
  });

  it('is unreadable without the time of processing', () => {
    expect(found({ status: 'declined' }, 'yesterday')).toEqual({ kind: 'unreadable' });
  });
});
