import { hostname } from 'node:os';
import { Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { Environment } from '../../config/environment';
import { IdempotencyEvents } from 'nestjs-idempotent';
import { MessageEvents } from '../../messaging/message-events';
import { PAYMENT_SCOPE } from '../../payment/payment.dto';
import { NO_COUNTS, type Counts, type Happening } from './activity';
import { ActivitySender } from './activity-sender';
import { fromEngine, fromMessages } from './activity-translation';
import { counted } from './counting';
import { isReadable, MOST_HAPPENINGS, MOST_HAPPENINGS_BYTES } from './report-format';

/** Often enough to look live; a process under load sends only ten messages a second. */
const REPORT_EVERY_MS = 100;
/** Reports without events, so that the console sees that the process is alive. */
const HEARTBEAT_MS = 2_000;

/** Records what this process does with payments, and reports it to the consoles. For development only. */
@Injectable()
export class ActivityRecorder implements OnModuleInit, OnApplicationShutdown {
  private readonly process = `${hostname()}:${process.pid}`;
  private readonly held = new Set<string>();
  private happenings: Happening[] = [];
  private bytes = 0;
  private omitted = 0;
  private counts: Counts = NO_COUNTS;
  private reportedAt = 0;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly sender: ActivitySender,
    private readonly messages: MessageEvents,
    private readonly engine: IdempotencyEvents,
    private readonly environment: Environment,
  ) {}

  onModuleInit(): void {
    this.messages.on((event) => {
      const happening = fromMessages(event);
      if (happening) this.record(happening);
    });
    this.engine.on((event) => {
      if (event.scope !== PAYMENT_SCOPE) return;
      const happening = fromEngine(event, this.environment.idempotencyLeaseMs);
      if (happening) this.record(happening);
    });
    this.timer = setInterval(() => this.report(), REPORT_EVERY_MS).unref();
  }

  /** Not in an earlier shutdown hook: the last payments finish until then, and the page should show them. */
  onApplicationShutdown(): void {
    clearInterval(this.timer);
  }

  private record(happening: Happening): void {
    if (happening.kind === 'started') this.held.add(happening.key);
    else if (endsWork(happening)) this.held.delete(happening.key);
    this.counts = counted(this.counts, happening);
    if (!this.add(happening)) this.omitted++;
  }

  /** False if the report is full, or if this event would make a console drop the whole report. */
  private add(happening: Happening): boolean {
    // Plus one for the comma.
    const bytes = Buffer.byteLength(JSON.stringify(happening)) + 1;
    const isFull = this.happenings.length === MOST_HAPPENINGS || this.bytes + bytes > MOST_HAPPENINGS_BYTES;
    if (isFull || !isReadable(happening)) return false;
    this.happenings.push(happening);
    this.bytes += bytes;
    return true;
  }

  private report(): void {
    const at = Date.now();
    if (this.happenings.length === 0 && at - this.reportedAt < HEARTBEAT_MS) return;
    const { process, counts, happenings, omitted } = this;
    // Without a broker the counts continue and the first events are kept, and are sent later.
    if (!this.sender.send({ process, at, inProgress: this.held.size, counts, happenings, omitted })) return;
    this.reportedAt = at;
    this.happenings = [];
    this.bytes = 0;
    this.omitted = 0;
    this.counts = NO_COUNTS;
  }
}

function endsWork({ kind }: Happening): boolean {
  return kind === 'finished' || kind === 'released' || kind === 'lease-lost';
}
