import { MessagesInFlight } from '../../../src/messaging/messages-in-flight';
import { CHARGES, RECEIPTS } from '../../../src/messaging/topology';

describe('a message in flight', () => {
  it('gives its log fields as they are when they are asked for', () => {
    const messages = new MessagesInFlight();
    let attempt = 1;
    messages.add(CHARGES, 'abc-123', () => ({ paymentId: 'PAY-001', attempt }));
    attempt = 2;
    expect(messages.logFieldsOf(CHARGES, 'abc-123')).toEqual({ paymentId: 'PAY-001', attempt: 2 });
  });

  it('is not mistaken for one of another queue or key', () => {
    const messages = new MessagesInFlight();
    messages.add(CHARGES, 'abc-123', () => ({ paymentId: 'PAY-001' }));
    expect(messages.logFieldsOf(RECEIPTS, 'abc-123')).toBeUndefined();
    expect(messages.logFieldsOf(CHARGES, 'abc-12')).toBeUndefined();
  });

  it('is forgotten when it is settled', () => {
    const messages = new MessagesInFlight();
    messages.add(CHARGES, 'abc-123', () => ({}))();
    expect(messages.logFieldsOf(CHARGES, 'abc-123')).toBeUndefined();
  });
});

describe('copies of a message in flight', () => {
  it('are known until the last of them is settled', () => {
    const messages = new MessagesInFlight();
    const settled = [1, 2].map((attempt) => messages.add(CHARGES, 'abc-123', () => ({ attempt })));
    settled[1]?.();
    expect(messages.logFieldsOf(CHARGES, 'abc-123')).toEqual({ attempt: 1 });
    settled[0]?.();
    expect(messages.logFieldsOf(CHARGES, 'abc-123')).toBeUndefined();
  });
});
