/** A kind of fault, with its details. */
export type Fault =
  | { kind: 'delay'; delayMs: number; when: 'before' | 'after' }
  | { kind: 'drop-before' }
  | { kind: 'drop-after' }
  | { kind: 'error-500'; status: number; charged: boolean }
  | { kind: 'error-500-unstored'; status: number }
  | { kind: 'rate-limit'; retryAfterSeconds: number }
  | { kind: 'conflict' }
  | { kind: 'unauthorized' }
  | { kind: 'forbidden' }
  | { kind: 'decline' }
  | { kind: 'ignore-keys' }
  /** The time until a payment that waits ends, instead of its usual one. */
  | { kind: 'settle-after'; delayMs: number }
  | { kind: 'webhook-lost' }
  | { kind: 'webhook-twice' }
  | { kind: 'webhook-late'; delayMs: number };

export type FaultKind = Fault['kind'];
export type FaultOf<K extends FaultKind> = Extract<Fault, { kind: K }>;

/** The properties of a request, or of a webhook, that a fault can be limited to. */
export interface FaultTarget {
  request: 'create' | 'read' | 'webhook';
  idempotencyKey: string | null;
  paymentMethod: string | null;
  metadata: Record<string, string>;
  /** Of a webhook. */
  eventType?: string;
}

export interface FaultMatching {
  /** Charges only (`create`), everything else (`read`), or both; or webhooks. */
  request: 'create' | 'read' | 'any' | 'webhook';
  /** The request's idempotency key, or `idempotency_key` in its metadata. */
  idempotencyKey?: string;
  /** `payment_id` in the request's metadata. */
  paymentId?: string;
  paymentMethod?: string;
  eventType?: string;
}

/** A fault, and the requests it applies to. */
export interface FaultOrder {
  fault: Fault;
  matching: FaultMatching;
  /** 0: until it is removed. */
  times: number;
  /** 0 to 1, drawn for each matching request. */
  probability: number;
  /** The same seed and the same requests draw the same faults. */
  seed: number;
}

interface ActiveFault {
  id: number;
  order: FaultOrder;
  fired: number;
  draw: () => number;
}

/** The faults that were ordered and are not used up. */
export class Faults {
  private active: ActiveFault[] = [];
  private nextId = 1;

  add(order: FaultOrder) {
    const added: ActiveFault = { id: this.nextId++, order, fired: 0, draw: seededDraw(order.seed) };
    this.active.push(added);
    return describe(added);
  }

  list() {
    return this.active.map(describe);
  }

  clear(): void {
    this.active = [];
  }

  /** The fault of one of these kinds for this request, if any; of several, the one ordered first. */
  next<K extends FaultKind>(kinds: readonly K[], target: FaultTarget): FaultOf<K> | undefined {
    for (const candidate of this.active) {
      const { fault, matching, times, probability } = candidate.order;
      if (!isOneOf(fault, kinds) || !matches(matching, target)) continue;
      if (candidate.draw() >= probability) continue;
      // A fault for `any` request counts charges only: periodic probes must not use it up.
      if (matching.request === 'any' && target.request === 'read') return fault;
      candidate.fired += 1;
      if (candidate.fired === times) this.active = this.active.filter((other) => other !== candidate);
      return fault;
    }
    return undefined;
  }
}

export function matches(matching: FaultMatching, target: FaultTarget): boolean {
  const { request, idempotencyKey, paymentId, paymentMethod, eventType } = matching;
  if (request !== 'any' && request !== target.request) return false;
  const keys = [target.idempotencyKey, target.metadata.idempotency_key];
  if (idempotencyKey !== undefined && !keys.includes(idempotencyKey)) return false;
  if (paymentId !== undefined && paymentId !== target.metadata.payment_id) return false;
  if (eventType !== undefined && eventType !== target.eventType) return false;
  return paymentMethod === undefined || paymentMethod === target.paymentMethod;
}

function isOneOf<K extends FaultKind>(fault: Fault, kinds: readonly K[]): fault is FaultOf<K> {
  return kinds.some((kind) => kind === fault.kind);
}

function describe({ id, order, fired }: ActiveFault) {
  const { fault, ...rest } = order;
  return { id, ...fault, ...rest, fired };
}

/** Numbers from 0 to 1 (exclusive), the same series for the same seed (mulberry32). */
function seededDraw(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
