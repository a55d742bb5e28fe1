import { randomUUID } from 'node:crypto';

/** A payment request as section 3 of the contract writes it. */
export interface Payment {
  paymentId: string;
  idempotencyKey: string;
  amount: number;
  customerId: string;
  currency?: string;
  paymentMethodId?: string;
  receiptEmail?: string;
}

/** A valid payment that no other test has: its own id and its own key. */
export function aPayment(overrides: Partial<Payment> = {}): Payment {
  const unique = randomUUID();
  return {
    paymentId: `PAY-${unique.slice(0, 8)}`,
    idempotencyKey: `key-${unique}`,
    amount: 99.99,
    customerId: 'CUST-001',
    ...overrides,
  };
}

/** What `POST /payments` takes as its body: the key travels in the header. */
export function withoutKey(payment: Payment): Omit<Payment, 'idempotencyKey'> {
  const body: Partial<Payment> & Omit<Payment, 'idempotencyKey'> = { ...payment };
  delete body.idempotencyKey;
  return body;
}

/** The key under which the gateway knows a payment: it is the same for every attempt. */
export function gatewayKey(payment: Pick<Payment, 'idempotencyKey'>): string {
  return `payment:${payment.idempotencyKey}`;
}
