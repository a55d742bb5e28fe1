import { setTimeout as sleep } from 'node:timers/promises';

export const MANY_WAITS = 50;

/**
 * Waits that take no time, for a spec that mocks `node:timers/promises`: the clock of `performance` moves instead.
 *
 * @returns the waits so far, in ms, and a function that moves the clock
 */
export function instantWaits(): { readonly waits: number[]; readonly advance: (ms: number) => void } {
  const waits: number[] = [];
  let now = 0;
  const advance = (ms: number) => {
    now += ms;
  };

  beforeEach(() => {
    waits.length = 0;
    now = 1_000;
    jest.spyOn(performance, 'now').mockImplementation(() => now);
    jest.mocked(sleep).mockImplementation(async (ms = 0) => {
      if (waits.length >= MANY_WAITS) throw new Error('it waits forever');
      waits.push(ms);
      advance(ms);
    });
  });
  afterEach(() => jest.restoreAllMocks());
  return { waits, advance };
}
