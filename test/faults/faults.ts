import { hostileHeaderKinds } from '../support/hostile-headers';
import type { HostileHeaderKind } from '../support/hostile-headers';
import { crashPoints } from './crash-point-names';
import type { CrashPoint } from './crash-point-names';
import type { Random } from './random';

export const consumerCount = 3;

export const dependencies = ['redis', 'rabbitmq', 'gateway'] as const;
export type Dependency = (typeof dependencies)[number];

const networkTroubles = ['delay', 'cut', 'reset', 'half-open', 'black-hole'] as const;
export type NetworkTrouble = (typeof networkTroubles)[number];

const gatewayTroubles = [
  'slow',
  'drop-before',
  'drop-after',
  'unstored-500',
  'stored-500-charged',
  'rate-limit',
  'conflict',
  'unauthorized',
] as const;
export type GatewayTrouble = (typeof gatewayTroubles)[number];

/** How a wall clock goes wrong, in milliseconds. */
export const clockJumps = {
  'an hour back': -3_600_000,
  'an hour on': 3_600_000,
  '30 days on': 30 * 86_400_000,
};
export type ClockJump = keyof typeof clockJumps;

/** How a publisher's clock, or its unit of time, is wrong; a payment within the tolerance must be charged. */
const skewedClocks = ['other units', 'minutes off', 'hours ahead'] as const;
export type SkewedClock = (typeof skewedClocks)[number];

/** What an operator removes from the broker by mistake. */
const removables = [
  'retry queues',
  'receipts queue',
  'receipts binding',
  'dead-letter queue',
  'dead-letter binding',
] as const;
export type Removable = (typeof removables)[number];

/** `forMs`: how long the fault lasts; a fault without it is over at once or needs no repair. */
export type Fault =
  | { kind: 'kill' | 'terminate'; consumer: number }
  | { kind: 'freeze'; consumer: number; forMs: number }
  | { kind: 'crash'; consumer: number; point: CrashPoint }
  | { kind: 'clock'; consumer: number; jump: ClockJump }
  | { kind: 'redis-killed' | 'redis-flushed' }
  | { kind: 'redis-frozen' | 'redis-full'; forMs: number }
  | { kind: 'rabbitmq-killed' | 'rabbitmq-restarted' | 'connections-closed' }
  | { kind: 'rabbitmq-frozen' | 'rabbitmq-refuses-copies'; forMs: number }
  | { kind: 'network'; consumer: number; dependency: Dependency; trouble: NetworkTrouble; forMs: number }
  | { kind: 'gateway'; trouble: GatewayTrouble; times: number }
  | { kind: 'hostile-headers'; headers: HostileHeaderKind }
  | { kind: 'shared-ids' }
  | { kind: 'skewed-clock'; clock: SkewedClock }
  | { kind: 'queue-removed'; what: Removable };

export type FaultKind = Fault['kind'];

type Draw = (random: Random) => Fault;

interface FaultDefinition {
  kind: FaultKind;
  /** How often it is drawn, compared with the others. */
  weight: number;
  variants: readonly [Draw, ...Draw[]];
}

const anyConsumer = (random: Random): number => random.integer(0, consumerCount - 1);

/** Leases last 2 s in a run, so a freeze outlasts the lease. */
const beyondTheLease = (random: Random): number => random.integer(2_500, 5_000);

export const faultCatalog: readonly FaultDefinition[] = [
  { kind: 'kill', weight: 18, variants: [(random) => ({ kind: 'kill', consumer: anyConsumer(random) })] },
  { kind: 'crash', weight: 20, variants: each(crashPoints, crashAt) },
  {
    kind: 'freeze',
    weight: 10,
    variants: [
      (random) => ({ kind: 'freeze', consumer: anyConsumer(random), forMs: beyondTheLease(random) }),
    ],
  },
  {
    kind: 'terminate',
    weight: 8,
    variants: [(random) => ({ kind: 'terminate', consumer: anyConsumer(random) })],
  },
  { kind: 'clock', weight: 3, variants: each(['an hour back', 'an hour on', '30 days on'], clockJumping) },
  { kind: 'redis-killed', weight: 4, variants: [() => ({ kind: 'redis-killed' })] },
  {
    kind: 'redis-frozen',
    weight: 3,
    variants: [(random) => ({ kind: 'redis-frozen', forMs: random.integer(1_000, 6_000) })],
  },
  { kind: 'redis-flushed', weight: 3, variants: [() => ({ kind: 'redis-flushed' })] },
  {
    kind: 'redis-full',
    weight: 2,
    variants: [(random) => ({ kind: 'redis-full', forMs: random.integer(1_000, 4_000) })],
  },
  { kind: 'rabbitmq-killed', weight: 1, variants: [() => ({ kind: 'rabbitmq-killed' })] },
  { kind: 'rabbitmq-restarted', weight: 1, variants: [() => ({ kind: 'rabbitmq-restarted' })] },
  {
    kind: 'rabbitmq-frozen',
    weight: 1,
    variants: [(random) => ({ kind: 'rabbitmq-frozen', forMs: random.integer(1_000, 6_000) })],
  },
  {
    kind: 'rabbitmq-refuses-copies',
    weight: 2,
    variants: [(random) => ({ kind: 'rabbitmq-refuses-copies', forMs: random.integer(2_000, 5_000) })],
  },
  { kind: 'connections-closed', weight: 5, variants: [() => ({ kind: 'connections-closed' })] },
  {
    kind: 'network',
    weight: 15,
    variants: each(
      dependencies.flatMap((dependency) => networkTroubles.map((trouble) => ({ dependency, trouble }))),
      networkFault,
    ),
  },
  { kind: 'gateway', weight: 10, variants: each(gatewayTroubles, gatewayFault) },
  {
    kind: 'hostile-headers',
    weight: 3,
    variants: each(hostileHeaderKinds, (headers) => () => ({ kind: 'hostile-headers', headers })),
  },
  { kind: 'shared-ids', weight: 2, variants: [() => ({ kind: 'shared-ids' })] },
  {
    kind: 'skewed-clock',
    weight: 3,
    variants: each(skewedClocks, (clock) => () => ({ kind: 'skewed-clock', clock })),
  },
  {
    kind: 'queue-removed',
    weight: 3,
    variants: each(removables, (what) => () => ({ kind: 'queue-removed', what })),
  },
];

/** The name of a variant in tables. */
export function titleOf(fault: Fault): string {
  switch (fault.kind) {
    case 'crash':
      return `crash ${fault.point}`;
    case 'clock':
      return `clock ${fault.jump}`;
    case 'network':
      return `network ${fault.dependency} ${fault.trouble}`;
    case 'gateway':
      return `gateway ${fault.trouble}`;
    case 'hostile-headers':
      return `hostile headers ${fault.headers}`;
    case 'skewed-clock':
      return `publisher's clock ${fault.clock}`;
    case 'queue-removed':
      return `removed ${fault.what}`;
    default:
      return fault.kind;
  }
}

function crashAt(point: CrashPoint): Draw {
  return (random) => ({ kind: 'crash', consumer: anyConsumer(random), point });
}

function clockJumping(jump: ClockJump): Draw {
  return (random) => ({ kind: 'clock', consumer: anyConsumer(random), jump });
}

function networkFault(where: { dependency: Dependency; trouble: NetworkTrouble }): Draw {
  return (random) => ({
    kind: 'network',
    consumer: anyConsumer(random),
    ...where,
    forMs: random.integer(1_000, 8_000),
  });
}

function gatewayFault(trouble: GatewayTrouble): Draw {
  return (random) => ({ kind: 'gateway', trouble, times: random.integer(5, 30) });
}

function each<T>(items: readonly T[], draw: (item: T) => Draw): [Draw, ...Draw[]] {
  const [first, ...rest] = items.map(draw);
  if (first === undefined) throw new Error('a kind of fault without a variant');
  return [first, ...rest];
}
