import { Injectable } from '@nestjs/common';
import { ExpiringTexts } from '../redis/expiring-texts';

/** Longer than any bank takes for a payment. */
const LIFE_MS = 35 * 86_400_000;

/**
 * Where receipts go whose payments have not ended yet: personal data, which is in Redis for this time alone, and neither in a
 * record nor in the ledger.
 */
@Injectable()
export class ReceiptAddresses {
  constructor(private readonly texts: ExpiringTexts) {}

  /** @throws an error of Redis */
  async remember(idempotencyKey: string, receiptEmail: string): Promise<void> {
    await this.texts.set(nameOf(idempotencyKey), receiptEmail, LIFE_MS);
  }

  /** @throws an error of Redis */
  find(idempotencyKey: string): Promise<string | undefined> {
    return this.texts.get(nameOf(idempotencyKey));
  }

  /** @throws an error of Redis */
  async forget(idempotencyKey: string): Promise<void> {
    await this.texts.delete(nameOf(idempotencyKey));
  }
}

function nameOf(idempotencyKey: string): string {
  return `receipt-address:${idempotencyKey}`;
}
