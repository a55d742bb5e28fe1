import { Injectable } from '@nestjs/common';
import { defer, exhaustMap, interval, map, merge, of, share, timer } from 'rxjs';
import type { Observable } from 'rxjs';
import type { LiveEvent } from './activity';
import { ActivityLog } from './activity-log';
import { QueueDepths } from './queue-depths';

const DEPTHS_EVERY_MS = 1_000;
/** The page takes a connection for dead that has been silent for a few of these. */
const HEARTBEAT_MS = 5_000;

/** What a page is sent, from the moment that it asks. */
@Injectable()
export class LiveFeed {
  /** The broker is asked as long as somebody looks, and once for all who do. */
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
   * The past first, then what happens. A page that comes back gets the past again: nothing has to be resumed. It never
   * ends; the application closes the connection (`forceCloseConnections`) when the last payments are through.
   */
  open(): Observable<LiveEvent> {
    const past = defer(() => of({ type: 'snapshot' as const, data: this.log.snapshot() }));
    const reports = this.log.arrivals.pipe(
      map((report) => ({ type: 'report' as const, data: { report, totals: this.log.counts } })),
    );
    const heartbeats = interval(HEARTBEAT_MS).pipe(map(() => ({ type: 'heartbeat' as const, data: {} })));
    return merge(past, reports, this.depths, heartbeats);
  }
}
