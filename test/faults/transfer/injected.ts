import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../../support/eventually';
import type { Management } from '../../support/management';
import type { OwnRabbitmq } from '../../support/servers';
import type { Server } from '../../../scripts/services/server';
import { closeConnections } from '../closed-connections';
import type { Consumer } from '../consumer';
import { consumerAt, consumerTarget, disturbFor, freezeFor, killAndReplace } from '../consumer-faults';
import { crashAt } from '../crash';
import type { MissedCrash } from '../crash';
import type { Faults } from '../injector';
import type { CaughtBytes, FaultyProxy } from '../proxy';
import { untilDone } from '../until-done';
import type { Bank } from './bank';
import { transferFaultTitle } from './faults';
import type { CommitLoss, EndedSessions, TransferDependency, TransferFault } from './faults';
import type { Loss } from './history';
import type { TransferPublisher } from './publisher';
import { consumerConnection, leaseMs } from './transfer';

interface Targets {
  consumers: readonly Consumer<TransferDependency>[];
  rabbitmq: OwnRabbitmq;
  management: Management;
  vhost: string;
  postgresql: Server;
  bank: Bank;
  publisher: TransferPublisher;
}

const provokeEveryMs = 1_000;
/** Other faults may keep a consumer from its work for a while. */
const provokedWithinMs = 120_000;
/** Shorter than the time after which PostgreSQL ends a silent transaction: one lease. */
const lateMs = 800;
/** The server may still take the record, and the lease of work that has taken a while is over. */
const heldBackMs = leaseMs - 100;
const slowWorkMs = 500;
const lateName = 'late-record';

/** The faults of consumers of transfers and their servers. */
export class InjectedTransferFaults implements Faults<TransferFault> {
  readonly losses: Loss[] = [];
  readonly titleOf = transferFaultTitle;
  readonly targetOf = targetOf;

  constructor(private readonly targets: Targets) {}

  async carryOut(fault: TransferFault): Promise<MissedCrash | undefined> {
    if (fault.kind !== 'crash') return void (await this.carryOutOther(fault));
    const consumer = this.consumer(fault.consumer);
    return crashAt(fault.point, { consumer, provocation: this.targets.publisher });
  }

  private async carryOutOther(fault: Exclude<TransferFault, { kind: 'crash' }>): Promise<void> {
    const { rabbitmq, postgresql } = this.targets;
    switch (fault.kind) {
      case 'kill':
        return killAndReplace(this.consumer(fault.consumer));
      case 'freeze':
        return freezeFor(this.consumer(fault.consumer), fault.forMs);
      case 'rabbitmq-killed':
        await rabbitmq.kill();
        return rabbitmq.restart();
      case 'rabbitmq-frozen':
        return freezeFor(rabbitmq, fault.forMs);
      case 'connections-closed':
        return closeConnections({ ...this.targets, name: consumerConnection });
      case 'network':
        return disturbFor(this.consumer(fault.consumer).proxy(fault.dependency), fault.trouble, fault.forMs);
      case 'commit':
        return this.loseAtCommit(this.database(fault.consumer), fault.loss);
      case 'late-record':
        return this.holdBackRecord(this.database(fault.consumer));
      case 'postgresql-killed':
        await postgresql.kill();
        return postgresql.restart();
      case 'postgresql-frozen':
        return freezeFor(postgresql, fault.forMs);
      case 'sessions-ended':
        return this.endSessions(fault.which);
      case 'commits-lost':
        return this.loseCommits(fault.forMs);
      default:
        return fault satisfies never;
    }
  }

  private async loseAtCommit(proxy: FaultyProxy, loss: CommitLoss): Promise<void> {
    const isCommit = (bytes: Buffer) => bytes.includes('COMMIT\0');
    await this.atNext(
      proxy,
      isCommit,
      () => this.targets.publisher.leadTo(),
      async (caught) => {
        if (loss === 'not answered') caught.deliver();
        caught.loseClient();
        if (loss === 'delivered late') {
          await sleep(lateMs);
          caught.deliver();
        }
        caught.hangUp();
      },
    );
  }

  /** Duplicates arrive meanwhile, so that another consumer begins as soon as the lease is over. */
  private async holdBackRecord(proxy: FaultyProxy): Promise<void> {
    const { publisher } = this.targets;
    const keyIn = (bytes: Buffer) => new RegExp(`${lateName}-\\d+`).exec(bytes.toString('latin1'))?.[0];
    let key = '';
    const isRecord = (bytes: Buffer) => {
      key = (bytes.includes('held.record') && keyIn(bytes)) || '';
      return key !== '';
    };
    const lead = async () => void (await publisher.publishExtra(lateName, { workMs: slowWorkMs }));
    await this.atNext(proxy, isRecord, lead, async (caught) => {
      proxy.begin('black-hole');
      const until = performance.now() + heldBackMs;
      await sleep(heldBackMs / 2);
      for (let left = until - performance.now(); left > 0; left = until - performance.now()) {
        void publisher.publishAgain(key).catch(() => undefined);
        await sleep(Math.min(left, 100));
      }
      caught.deliver();
      proxy.end();
    });
  }

  /** Publishes transfers until such bytes come by, and resolves when what is done with them is over. */
  private async atNext(
    proxy: FaultyProxy,
    isWanted: (bytes: Buffer) => boolean,
    lead: () => Promise<void>,
    act: (caught: CaughtBytes) => Promise<void>,
  ): Promise<void> {
    let acted: Promise<void> | undefined;
    proxy.catchNext(isWanted, (caught) => {
      acted = act(caught);
    });
    const deadline = Date.now() + provokedWithinMs;
    while (acted === undefined && Date.now() < deadline) {
      await lead();
      await eventually(() => acted !== undefined, { withinMs: provokeEveryMs }).catch(() => undefined);
    }
    proxy.catchNone();
    if (acted === undefined) throw new Error('no consumer sent what the fault waits for');
    await acted;
  }

  private async endSessions(which: EndedSessions): Promise<void> {
    const { bank, publisher } = this.targets;
    if (which === 'all') return untilDone(() => bank.endSessions());
    const deadline = Date.now() + provokedWithinMs;
    while (Date.now() < deadline) {
      const [ended] = await Promise.all([bank.endSessionsInCommit().catch(() => 0), publisher.leadTo()]);
      if (ended > 0) return;
    }
    throw new Error('no session was in COMMIT');
  }

  private async loseCommits(forMs: number): Promise<void> {
    const { bank, postgresql, publisher } = this.targets;
    const loss = { from: Date.now(), until: Number.POSITIVE_INFINITY, keys: [] as string[] };
    this.losses.push(loss);
    await untilDone(() => bank.setCommitsEarly(true));
    await bank.suspendWalWriter();
    await Promise.all([publisher.leadTo(), sleep(forMs)]);
    const before = await bank.look();
    await postgresql.kill();
    loss.until = Date.now();
    await postgresql.restart();
    await untilDone(() => bank.setCommitsEarly(false));
    const { done } = await bank.look();
    const kept = new Set(done);
    loss.keys = before.done.filter((key) => !kept.has(key));
  }

  private database(position: number): FaultyProxy {
    return this.consumer(position).proxy('postgresql');
  }

  private consumer(position: number): Consumer<TransferDependency> {
    return consumerAt(this.targets.consumers, position);
  }
}

function targetOf(fault: TransferFault): string {
  switch (fault.kind) {
    case 'kill':
    case 'freeze':
    case 'crash':
      return consumerTarget(fault.consumer);
    case 'network':
      return `network ${fault.consumer} ${fault.dependency}`;
    case 'commit':
    case 'late-record':
      return `network ${fault.consumer} postgresql`;
    case 'rabbitmq-killed':
    case 'rabbitmq-frozen':
    case 'connections-closed':
      return 'rabbitmq';
    case 'postgresql-killed':
    case 'postgresql-frozen':
    case 'sessions-ended':
    case 'commits-lost':
      return 'postgresql';
  }
}
