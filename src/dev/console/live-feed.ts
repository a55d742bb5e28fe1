import { Injectable } from '@nestjs/common';
import { defer, exhaustMap, interval, map, merge, of, share, timer } from 'rxjs';
import type { Observable } from 'rxjs';
import type { LiveEvent } from './activity';
import { ActivityLog } from './activity-log';
import { QueueDepths } from './queue-depths';

const DEPTHS_EVERY_MS = 1_000;
/** The page considers the connection lost after a few missing heartbeats. */
const HEARTBEAT_MS = 5_000;

/** The events that a page receives from when it connects. */
@Injectable()
export class LiveFeed {
  /** Read only while a page is open, and once for all open pages. */
  private readonly depths: Observable<LiveEvent>;

  constructor(
    private readonly log: ActivityLog,
    queues: QueueDepths,
  ) {
    this.depths = timer(0, DEPTHS_EVERY_MS).pipe(
      exhaustMap(() => queues.read()),
      map((depths) => ({ type: 'queues' as const, data: { depths } })),
      share(),
    );
  }

  /**
   * The snapshot first, then new events. A page that reconnects gets the snapshot again, so nothing has to be resumed. The
   * stream never ends; the application closes the connection (`forceCloseConnections`) after the last payments.
   */
  open(): Observable<LiveEvent> {
    const snapshot = defer(() => of({ type: 'snapshot' as const, data: this.log.snapshot() }));
    const reports = this.log.arrivals.pipe(
      map((report) => ({ type: 'report' as const, data: { report, totals: this.log.counts } })),
    );
    const heartbeats = interval(HEARTBEAT_MS).pipe(map(() => ({ type: 'heartbeat' as const, data: {} })));
    return merge(snapshot, reports, this.depths, heartbeats);
  }
}
