import Stripe from 'stripe';
import type { PaymentEntry } from '../../../../src/dev/sandbox/journal-entry';
import { eventOf, signatureOf } from '../../../../src/dev/sandbox/webhook-event';
import { aCharge, aPending } from './entries';

describe('the event of a payment', () => {
  it.each<[string, PaymentEntry]>([
    ['payment_intent.processing', aPending()],
    ['payment_intent.amount_capturable_updated', aPending({ status: 'requires_capture' })],
    ['payment_intent.requires_action', aPending({ status: 'requires_action' })],
    ['payment_intent.succeeded', aCharge()],
    ['payment_intent.payment_failed', aCharge({ type: 'decline' })],
    ['payment_intent.canceled', aCharge({ type: 'cancel' })],
  ])('is %s', (type, entry) => {
    expect([eventOf(entry).type, JSON.parse(eventOf(entry).body)]).toEqual([
      type,
      expect.objectContaining({ type }),
    ]);
  });

  it('has the key of the message', () => {
    expect([eventOf(aCharge()).key, eventOf(aCharge({ metadata: {} })).key]).toEqual(['one', null]);
  });

  it('has an id of its own', () => {
    expect(eventOf(aCharge()).id).not.toBe(eventOf(aCharge()).id);
  });

  it.each([
    ['made by a request', aCharge(), 'payment:one'],
    ['not made by a request', aCharge({ pendingSince: aPending().at }), null],
  ])('%s says so', (_what, entry, idempotency_key) => {
    expect(JSON.parse(eventOf(entry).body)).toMatchObject({ request: { idempotency_key } });
  });
});

describe('the signature', () => {
  it('is the one of the stripe package', () => {
    const { body } = eventOf(aCharge());
    const theirs = Stripe.webhooks.generateTestHeaderString({
      payload: body,
      secret: 'whsec_1',
      timestamp: 7,
    });
    expect(signatureOf(body, { secret: 'whsec_1', atSeconds: 7 })).toBe(theirs);
  });
});
