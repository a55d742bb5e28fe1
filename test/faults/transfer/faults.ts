import { anyConsumer, beyondTheLease, each } from '../catalog';
import type { Draw, FaultDefinition } from '../catalog';
import { crashTitle } from '../crash';
import { networkTroubles } from '../proxy';
import type { NetworkTrouble } from '../proxy';
import { transferCrashPoints } from './crash-point-names';
import type { TransferCrashPoint } from './crash-point-names';

const transferDependencies = ['rabbitmq', 'postgresql'] as const;
export type TransferDependency = (typeof transferDependencies)[number];

/** What happens to a connection at the moment of COMMIT; the consumer loses it each time. */
const commitLosses = ['not delivered', 'not answered', 'delivered late'] as const;
export type CommitLoss = (typeof commitLosses)[number];

const endedSessions = ['all', 'in COMMIT'] as const;
export type EndedSessions = (typeof endedSessions)[number];

export type TransferFault =
  | { kind: 'kill'; consumer: number }
  | { kind: 'freeze'; consumer: number; forMs: number }
  | { kind: 'crash'; consumer: number; point: TransferCrashPoint }
  | { kind: 'rabbitmq-killed' | 'connections-closed' }
  | { kind: 'rabbitmq-frozen'; forMs: number }
  | {
      kind: 'network';
      consumer: number;
      dependency: TransferDependency;
      trouble: NetworkTrouble;
      forMs: number;
    }
  | { kind: 'commit'; consumer: number; loss: CommitLoss }
  /** A record is held back on its way until its lease is over, and the next owner has begun. */
  | { kind: 'late-record'; consumer: number }
  | { kind: 'postgresql-killed' }
  | { kind: 'postgresql-frozen'; forMs: number }
  | { kind: 'sessions-ended'; which: EndedSessions }
  /** PostgreSQL confirms commits before they are on disk, and crashes. */
  | { kind: 'commits-lost'; forMs: number };

export const transferFaultCatalog: readonly FaultDefinition<TransferFault>[] = [
  { kind: 'kill', weight: 10, variants: [(random) => ({ kind: 'kill', consumer: anyConsumer(random) })] },
  {
    kind: 'freeze',
    weight: 10,
    variants: [
      (random) => ({ kind: 'freeze', consumer: anyConsumer(random), forMs: beyondTheLease(random) }),
    ],
  },
  {
    kind: 'crash',
    weight: 12,
    variants: each(transferCrashPoints, (point): Draw<TransferFault> => {
      return (random) => ({ kind: 'crash', consumer: anyConsumer(random), point });
    }),
  },
  { kind: 'rabbitmq-killed', weight: 1, variants: [() => ({ kind: 'rabbitmq-killed' })] },
  {
    kind: 'rabbitmq-frozen',
    weight: 1,
    variants: [(random) => ({ kind: 'rabbitmq-frozen', forMs: random.integer(1_000, 4_000) })],
  },
  { kind: 'connections-closed', weight: 4, variants: [() => ({ kind: 'connections-closed' })] },
  {
    kind: 'commit',
    weight: 12,
    variants: each(commitLosses, (loss): Draw<TransferFault> => {
      return (random) => ({ kind: 'commit', consumer: anyConsumer(random), loss });
    }),
  },
  {
    kind: 'late-record',
    weight: 4,
    variants: [(random) => ({ kind: 'late-record', consumer: anyConsumer(random) })],
  },
  { kind: 'postgresql-killed', weight: 4, variants: [() => ({ kind: 'postgresql-killed' })] },
  {
    kind: 'postgresql-frozen',
    weight: 3,
    variants: [(random) => ({ kind: 'postgresql-frozen', forMs: random.integer(1_000, 6_000) })],
  },
  {
    kind: 'sessions-ended',
    weight: 8,
    variants: each(endedSessions, (which): Draw<TransferFault> => {
      return () => ({ kind: 'sessions-ended', which });
    }),
  },
  {
    kind: 'commits-lost',
    weight: 4,
    variants: [(random) => ({ kind: 'commits-lost', forMs: random.integer(500, 1_000) })],
  },
  {
    kind: 'network',
    weight: 10,
    variants: each(
      transferDependencies.flatMap((dependency) =>
        networkTroubles.map((trouble) => ({ dependency, trouble })),
      ),
      (where): Draw<TransferFault> => {
        return (random) => ({
          kind: 'network',
          consumer: anyConsumer(random),
          ...where,
          forMs: random.integer(1_000, 6_000),
        });
      },
    ),
  },
];

/** The name of a variant in tables. */
export function transferFaultTitle(fault: TransferFault): string {
  switch (fault.kind) {
    case 'crash':
      return crashTitle(fault.point);
    case 'network':
      return `network ${fault.dependency} ${fault.trouble}`;
    case 'commit':
      return `COMMIT ${fault.loss}`;
    case 'sessions-ended':
      return `PostgreSQL ends sessions: ${fault.which}`;
    default:
      return fault.kind;
  }
}
