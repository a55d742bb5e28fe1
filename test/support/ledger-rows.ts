import type { Payment } from './payments';
import type { World } from './world';

/** A payment's row in the ledger. */
export async function rowOf(world: World, { idempotencyKey }: Payment) {
  const { rows } = await world.ledger.query('SELECT * FROM payments WHERE key = $1', [idempotencyKey]);
  return rows[0] as Record<string, unknown> | undefined;
}

/** What happened to a payment, one line for each event. */
export async function historyOf(world: World, { idempotencyKey }: Payment): Promise<string[]> {
  const { rows } = await world.ledger.query<{ event: string; detail: string }>(
    'SELECT event, detail FROM payment_history WHERE key = $1 ORDER BY id',
    [idempotencyKey],
  );
  return rows.map(({ event, detail }) => `${event} ${detail}`);
}

/** Publishes a payment, and resolves when it has a result. */
export async function charged(world: World, payment: Payment): Promise<Payment> {
  await world.broker.publishPayment(payment);
  await world.service.completedPayment(payment.idempotencyKey);
  return payment;
}
