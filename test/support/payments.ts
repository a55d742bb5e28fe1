import { randomUUID } from 'node:crypto';

/** A payment request as in section 3 of the contract. */
export interface Payment {
  paymentId: string;
  idempotencyKey: string;
  amount: number;
  customerId: string;
  currency?: string;
  paymentMethodId?: string;
  gatewayCustomerId?: string;
  receiptEmail?: string;
}

/** A valid payment with a unique id and a unique key. */
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

/** The body of `POST /payments`: the key is in the header. */
export function withoutKey(payment: Payment): Omit<Payment, 'idempotencyKey'> {
  const body: Partial<Payment> & Omit<Payment, 'idempotencyKey'> = { ...payment };
  delete body.idempotencyKey;
  return body;
}

/** The payment's key at the gateway: it is the same for every attempt. */
export function gatewayKey(payment: Pick<Payment, 'idempotencyKey'>): string {
  return `payment:${payment.idempotencyKey}`;
}
