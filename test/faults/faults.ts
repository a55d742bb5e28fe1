import { hostileHeaderKinds } from '../support/hostile-headers';
import type { HostileHeaderKind } from '../support/hostile-headers';
import { anyConsumer, beyondTheLease, each } from './catalog';
import type { Draw, FaultDefinition } from './catalog';
import { crashTitle } from './crash';
import { crashPoints } from './crash-point-names';
import type { CrashPoint } from './crash-point-names';
import { networkTroubles } from './proxy';
import type { NetworkTrouble } from './proxy';

const dependencies = ['redis', 'rabbitmq', 'gateway', 'postgresql'] as const;
export type Dependency = (typeof dependencies)[number];

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

/** What becomes of the gateway's events about payments that end later. */
const webhookTroubles = ['lost', 'twice', 'late'] as const;
export type WebhookTrouble = (typeof webhookTroubles)[number];

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
  | { kind: 'postgresql-killed' | 'sessions-ended' }
  | { kind: 'postgresql-frozen'; forMs: number }
  | { kind: 'network'; consumer: number; dependency: Dependency; trouble: NetworkTrouble; forMs: number }
  | { kind: 'gateway'; trouble: GatewayTrouble; times: number }
  | { kind: 'webhooks'; trouble: WebhookTrouble; times: number }
  | { kind: 'hostile-headers'; headers: HostileHeaderKind }
  | { kind: 'shared-ids' }
  | { kind: 'skewed-clock'; clock: SkewedClock }
  | { kind: 'queue-removed'; what: Removable };

export const faultCatalog: readonly FaultDefinition<Fault>[] = [
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
  { kind: 'postgresql-killed', weight: 4, variants: [() => ({ kind: 'postgresql-killed' })] },
  {
    kind: 'postgresql-frozen',
    weight: 3,
    variants: [(random) => ({ kind: 'postgresql-frozen', forMs: random.integer(1_000, 6_000) })],
  },
  { kind: 'sessions-ended', weight: 4, variants: [() => ({ kind: 'sessions-ended' })] },
  {
    kind: 'network',
    weight: 15,
    variants: each(
      dependencies.flatMap((dependency) => networkTroubles.map((trouble) => ({ dependency, trouble }))),
      networkFault,
    ),
  },
  { kind: 'gateway', weight: 10, variants: each(gatewayTroubles, gatewayFault) },
  { kind: 'webhooks', weight: 6, variants: each(webhookTroubles, webhookFault) },
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
      return crashTitle(fault.point);
    case 'clock':
      return `clock ${fault.jump}`;
    case 'network':
      return `network ${fault.dependency} ${fault.trouble}`;
    case 'gateway':
      return `gateway ${fault.trouble}`;
    case 'webhooks':
      return `webhooks ${fault.trouble}`;
    case 'sessions-ended':
      return 'PostgreSQL ends all sessions';
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

function crashAt(point: CrashPoint): Draw<Fault> {
  return (random) => ({ kind: 'crash', consumer: anyConsumer(random), point });
}

function clockJumping(jump: ClockJump): Draw<Fault> {
  return (random) => ({ kind: 'clock', consumer: anyConsumer(random), jump });
}

function networkFault(where: { dependency: Dependency; trouble: NetworkTrouble }): Draw<Fault> {
  return (random) => ({
    kind: 'network',
    consumer: anyConsumer(random),
    ...where,
    forMs: random.integer(1_000, 8_000),
  });
}

function gatewayFault(trouble: GatewayTrouble): Draw<Fault> {
  return (random) => ({ kind: 'gateway', trouble, times: random.integer(5, 30) });
}

function webhookFault(trouble: WebhookTrouble): Draw<Fault> {
  return (random) => ({ kind: 'webhooks', trouble, times: random.integer(3, 10) });
}
