import { casesIn, caseName } from '../../../bench/cases';
import { FULL, QUICK } from '../../../bench/groups';
import { comparedRatios, ratioOf, verdict } from '../../../bench/ratios';

function sampleOf(messagesPerSecond: number) {
  return {
    messagesPerSecond,
    consumerCpuMicroseconds: 1,
    rabbitmqCpuMicroseconds: 1,
    redisCpuMicroseconds: NaN,
    postgresqlCpuMicroseconds: NaN,
    p50Ms: 1,
    p99Ms: 1,
    redisCalls: 1,
  };
}

describe('a ratio of the benchmark', () => {
  it('is the median of the ratios within repetitions, with the lowest and the highest of them', () => {
    const samples = new Map([
      [caseName('engine', 'new', 'ours'), [300, 10, 30].map(sampleOf)],
      [caseName('engine', 'new', 'none'), [400, 20, 100].map(sampleOf)],
    ]);
    expect(comparedRatios(samples).engine_new_vs_none).toEqual({
      value: 0.5,
      lowest: 0.3,
      highest: 0.75,
      repetitions: 3,
    });
  });

  it('is left out if one of its cases was not measured', () => {
    const samples = new Map([[caseName('engine', 'new', 'ours'), [sampleOf(10)]]]);
    expect(comparedRatios(samples)).toEqual({});
  });

  it('has no verdict if it could not be measured, such as CPU time without /proc', () => {
    const samples = new Map([
      [caseName('engine', 'new', 'ours'), [sampleOf(10)]],
      [caseName('engine', 'new', 'node-idempotency'), [sampleOf(10)]],
    ]);
    const { value } = comparedRatios(samples).redis_cpu_vs_node_idempotency ?? ratioOf([0]);
    expect({ value, verdict: verdict('redis_cpu_vs_node_idempotency', value) }).toEqual({
      value: NaN,
      verdict: '',
    });
  });

  it('is met at its target and missed beyond it, in both directions', () => {
    expect([
      verdict('service_vs_handwritten', 0.75),
      verdict('service_vs_handwritten', 0.74),
      verdict('service_cpu_vs_handwritten', 1.7),
      verdict('service_cpu_vs_handwritten', 1.71),
    ]).toEqual(['met', 'missed', 'met', 'missed']);
  });
});

describe.each([
  { extent: 'quick', groups: QUICK.groups, leavesOut: ['engine_cluster_vs_none'] },
  { extent: 'full', groups: [...FULL.groups, ...FULL.onCluster], leavesOut: [] },
])('the $extent benchmark', ({ groups, leavesOut }) => {
  it('measures every ratio between two cases', () => {
    const samples = new Map(groups.flatMap(casesIn).map(({ name }) => [name, [sampleOf(10)]]));
    expect([...Object.keys(comparedRatios(samples)), ...leavesOut].sort()).toEqual([
      'engine_10kb_vs_powertools',
      'engine_cluster_vs_none',
      'engine_duplicate_vs_none',
      'engine_duplicate_without_memory_vs_none',
      'engine_new_vs_node_idempotency',
      'engine_new_vs_none',
      'engine_new_vs_none_together',
      'engine_new_vs_powertools',
      'engine_new_vs_tutorial',
      'gateway50_vs_none',
      'handler_new_vs_pass_through',
      'postgres_duplicate_vs_handwritten',
      'postgres_new_vs_dbos',
      'postgres_new_vs_handwritten',
      'redis_cpu_vs_node_idempotency',
      'service_cpu_vs_handwritten',
      'service_gateway50_vs_handwritten',
      'service_ledger_cpu_vs_handwritten',
      'service_ledger_vs_handwritten',
      'service_receipts_vs_handwritten',
      'service_vs_handwritten',
    ]);
  });
});
