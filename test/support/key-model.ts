import type { AsyncCommand } from 'fast-check';
import type { IdempotencyRecord, IdempotencyStore } from 'nestjs-idempotent';

/** The state of one key in a store, in its simplest form. */
interface KeyModel {
  record?: { result: string; fingerprint?: string | undefined };
  /** Token of the owner of the current lease. */
  lock?: string | undefined;
  fingerprint?: string | undefined;
  steps?: string | undefined;
  count: number;
  uncounted: number;
}

export interface Model {
  readonly keys: Map<string, KeyModel>;
  /** The last token with which each owner tried to begin each key. */
  readonly tokens: Map<string, string>;
  /** The last record that was found under each key. */
  readonly found: Map<string, IdempotencyRecord>;
  begun: number;
}

/** A store, and control of its time. */
export interface StoreUnderTest {
  readonly store: IdempotencyStore;
  /** Lets every current lease expire, but no record and no attempts. */
  endLeases(names: readonly string[]): Promise<void>;
  /** Lets everything expire. */
  endAll(names: readonly string[]): Promise<void>;
}

export const LEASE_MS = 60_000;
/** Longer than all leases of a run together. */
export const TTL_SECONDS = 86_400;
export const KEYS = ['one', 'two'];

/** One run of the model against the store; `prefix` keeps its keys apart from other runs in the same store. */
export class Run {
  constructor(
    readonly under: StoreUnderTest,
    private readonly prefix: string,
  ) {}

  name(key: string) {
    return { scope: 'model', key: `${this.prefix}-${key}` };
  }

  get names(): string[] {
    return KEYS.map((key) => this.name(key).key);
  }
}

export type Step = AsyncCommand<Model, Run>;

export const keyOf = (model: Model, key: string): KeyModel => {
  const known = model.keys.get(key) ?? { count: 0, uncounted: 0 };
  model.keys.set(key, known);
  return known;
};

export const tokenOf = (model: Model, owner: string, key: string): string =>
  model.tokens.get(`${owner}.${key}`) ?? `${owner}-never`;

export function step(name: string, run: (model: Model, real: Run) => Promise<void>): Step {
  return { check: () => true, run, toString: () => name };
}

export function fits(one: string | undefined, other: string | undefined): boolean {
  return one === undefined || other === undefined || one === other;
}
