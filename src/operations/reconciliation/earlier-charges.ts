import {
  KEYS_A_SEARCH,
  type GatewayCharge,
  type GatewayCharges,
} from '../../payment/gateway/gateway-charges';

/** The gateway allows about twenty searches a second; for more keys its list is faster. */
const MAX_SEARCHED = 5_000;

export interface EarlierCharges {
  readonly charges: readonly GatewayCharge[];
  /** Undefined when charges of any age were found. */
  readonly lookedBackTo: Date | undefined;
}

/**
 * Charges under these keys that were made before the period. A key can be charged twice once its record and the
 * gateway's memory of it have expired, so a period that is not longer than these would show only the second charge.
 *
 * Searches by key; if that is impossible, reads the gateway's list from `listedSince` on.
 */
export async function earlierCharges(
  gateway: GatewayCharges,
  keys: ReadonlySet<string>,
  { since, listedSince }: { since: Date; listedSince: Date },
): Promise<EarlierCharges> {
  const searched = keys.size <= MAX_SEARCHED ? await searchFor(gateway, [...keys]) : undefined;
  if (searched)
    return { charges: searched.filter(({ createdAt }) => createdAt < since), lookedBackTo: undefined };
  const charges: GatewayCharge[] = [];
  for await (const charge of gateway.chargesSince(listedSince, since)) {
    const { idempotencyKey, createdAt } = charge;
    if (createdAt < since && idempotencyKey !== undefined && keys.has(idempotencyKey)) charges.push(charge);
  }
  return { charges, lookedBackTo: listedSince };
}

async function searchFor(
  gateway: GatewayCharges,
  keys: readonly string[],
): Promise<GatewayCharge[] | undefined> {
  const charges: GatewayCharge[] = [];
  for (let start = 0; start < keys.length; start += KEYS_A_SEARCH) {
    const found = await gateway.chargesUnder(keys.slice(start, start + KEYS_A_SEARCH));
    if (!found) return undefined;
    charges.push(...found);
  }
  return charges;
}
