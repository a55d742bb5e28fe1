import { story } from '../../../scripts/demo/publisher';

describe("the demo's six messages", () => {
  const messages = story().flatMap(({ payment, key, copies }) =>
    Array.from({ length: copies }, () => ({ payment, key })),
  );

  it('come in the order of the tutorial', () => {
    const ids = messages.map(({ payment }) => payment.paymentId);
    expect(ids).toEqual(['PAY-001', 'PAY-002', 'PAY-003', 'PAY-001', 'PAY-001', 'PAY-002']);
  });

  it('have one key for each payment', () => {
    const keys = new Map(messages.map(({ payment, key }) => [payment.paymentId, key]));
    expect(messages.every(({ payment, key }) => keys.get(payment.paymentId) === key)).toBe(true);
    expect(new Set(keys.values()).size).toBe(3);
  });

  it('have other keys in another run', () => {
    expect(story()[0]?.key).not.toBe(story()[0]?.key);
  });
});
