import fc from 'fast-check';
import '../../../../test/support/fixed-seed';
import { SettledTags } from '../../src/handlers/settled-tags';

type Step = { readonly one: number } | { readonly upTo: number };

const TAGS = 12;
const steps = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: fc.record({ one: fc.integer({ min: 1, max: TAGS }) }) },
    { weight: 1, arbitrary: fc.record({ upTo: fc.integer({ min: 1, max: TAGS }) }) },
  ),
  { maxLength: 20 },
);

function take(tags: SettledTags, step: Step): void {
  if ('upTo' in step) tags.addUpTo(step.upTo);
  else if (step.one > tags.upTo) tags.add(step.one);
}

function settledBy(taken: readonly Step[]): Set<number> {
  const all = Array.from({ length: TAGS }, (_, at) => at + 1);
  return new Set(
    all.filter((tag) => taken.some((step) => ('upTo' in step ? tag <= step.upTo : tag === step.one))),
  );
}

function firstUnsettled(settled: ReadonlySet<number>): number {
  let tag = 1;
  while (settled.has(tag)) tag++;
  return tag;
}

describe('the settled deliveries of a channel', () => {
  it('are a run from the first one up to the oldest that is not settled, in any order', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(Array.from({ length: TAGS }, (_, at) => at + 1)), (order) => {
        const tags = new SettledTags();
        for (const [at, tag] of order.entries()) {
          tags.add(tag);
          expect(tags.upTo).toBe(firstUnsettled(new Set(order.slice(0, at + 1))) - 1);
        }
      }),
    );
  });

  it('never include one that is not settled, even if tags are settled twice or up to one of them', () => {
    fc.assert(
      fc.property(steps, (taken) => {
        const tags = new SettledTags();
        for (const [at, step] of taken.entries()) {
          take(tags, step);
          expect(tags.upTo).toBeLessThan(firstUnsettled(settledBy(taken.slice(0, at + 1))));
        }
      }),
    );
  });

  it('go on behind one that was settled late', () => {
    const tags = new SettledTags();
    for (let tag = 2; tag <= 100_000; tag++) tags.add(tag);
    expect(tags.upTo).toBe(0);
    tags.add(1);
    expect(tags.upTo).toBe(100_000);
  });

  it('need no memory for each delivery behind a gap that never closes', () => {
    const tags = new SettledTags();
    for (let tag = 2; tag <= 100_000; tag++) tags.add(tag);
    expect(runsIn(tags)).toBe(1);
  });

  it('are forgotten behind more gaps than a prefetch allows: they count as unsettled', () => {
    const tags = new SettledTags();
    for (let tag = 2; tag <= 400_000; tag += 2) tags.add(tag);
    expect(runsIn(tags)).toBe(65_535);
    for (let tag = 1; tag <= 400_000; tag += 2) tags.add(tag);
    expect(tags.upTo).toBe(2 * 65_535 + 1);
  });
});

/** How many entries it keeps. */
function runsIn(tags: SettledTags): number {
  const maps = Object.values(tags).filter((value): value is Map<number, number> => value instanceof Map);
  expect(new Set(maps.map(({ size }) => size)).size).toBe(1);
  return maps[0]?.size ?? 0;
}
