import { Logger } from '@nestjs/common';
import { Registry } from 'prom-client';
import { CLOCK_PROBLEMS, problemsOf, PublisherClocks } from '../../../src/messaging/publisher-clocks';
import { aMessage } from './a-message';

const now = Date.now();

function watched() {
  const registry = new Registry();
  const warnings: unknown[] = [];
  jest.spyOn(Logger.prototype, 'warn').mockImplementation((facts: unknown) => void warnings.push(facts));
  return { clocks: new PublisherClocks(registry), registry, warnings };
}

const from = (appId: unknown, properties = {}) =>
  aMessage({ properties: { appId, timestamp: now, ...properties } });

afterEach(() => jest.restoreAllMocks());

describe('a timestamp', () => {
  it.each([
    { timestamp: now / 1000, problems: [] },
    { timestamp: now / 1000 + 9, problems: [] },
    { timestamp: now / 1000 + 11, problems: ['ahead'] },
    { timestamp: now, problems: ['milliseconds'] },
    { timestamp: (now + 11_000) * 1000, problems: ['microseconds', 'ahead'] },
    { timestamp: now * 1e6, problems: ['nanoseconds'] },
    { timestamp: 638_999_288_960_000_000, problems: ['microseconds', 'ahead'] },
    { timestamp: 134_083_208_960_000_000, problems: ['microseconds', 'ahead'] },
    { timestamp: undefined, problems: [] },
  ])('of $timestamp has the problems $problems', ({ timestamp, problems }) => {
    expect(problemsOf(timestamp, now)).toEqual(problems);
  });
});

describe('a publisher whose timestamps are wrong', () => {
  it('causes one warning, and each of its messages is counted', async () => {
    const { clocks, registry, warnings } = watched();
    for (const appId of ['shop', 'shop', 'other']) clocks.watch(from(appId));
    expect(warnings).toEqual([
      { publisher: 'shop', problem: 'milliseconds' },
      { publisher: 'other', problem: 'milliseconds' },
    ]);
    expect(await registry.metrics()).toContain(
      'payments_publisher_clock_problems_total{problem="milliseconds"} 3',
    );
  });

  it.each([
    { appId: undefined, userId: 'broker-user', publisher: 'broker-user' },
    { appId: undefined, userId: undefined, publisher: 'unknown' },
    { appId: '4242424242424242', userId: undefined, publisher: 'unknown' },
    { appId: 'a\nforged line', userId: undefined, publisher: 'unknown' },
    { appId: { table: 1 }, userId: undefined, publisher: 'unknown' },
  ])(
    'is named $publisher in the log, with app id $appId and user id $userId',
    ({ appId, userId, publisher }) => {
      const { clocks, warnings } = watched();
      clocks.watch(from(appId, { userId }));
      expect(warnings).toEqual([{ publisher, problem: 'milliseconds' }]);
    },
  );

  it('is not counted again for a message from a retry queue', () => {
    const { clocks, warnings } = watched();
    clocks.watch(from('shop', { headers: { 'x-death': [{}] } }));
    expect(warnings).toEqual([]);
  });

  it('cannot fill the log or the memory with names', () => {
    const { clocks, warnings } = watched();
    for (let name = 0; name < 1_500; name++) clocks.watch(from(`shop-${name}`));
    expect(warnings).toHaveLength(1_000);
  });
});

describe('problems that did not occur yet', () => {
  it('are shown as 0', async () => {
    const { registry } = watched();
    const shown = await registry.metrics();
    expect(CLOCK_PROBLEMS.filter((problem) => !shown.includes(`{problem="${problem}"} 0`))).toEqual([]);
  });
});
