import { Injectable } from '@nestjs/common';
import { Subject, type Observable } from 'rxjs';
import { NO_COUNTS, type Counts, type Report, type Snapshot } from './activity';
import { sum } from './counting';

/** The history that a newly opened page gets; most events take a few hundred bytes. */
const KEPT_HAPPENINGS = 2_000;
/** The limit in bytes: this much is sent to each page that is opened. */
const KEPT_BYTES = 1024 * 1024;

/** The latest reports, and the totals since this process started. */
@Injectable()
export class ActivityLog {
  private readonly kept: { readonly report: Report; readonly bytes: number }[] = [];
  private readonly subject = new Subject<Report>();
  private happenings = 0;
  private bytes = 0;
  private totals: Counts = NO_COUNTS;

  get arrivals(): Observable<Report> {
    return this.subject;
  }

  get counts(): Counts {
    return this.totals;
  }

  add(report: Report): void {
    this.totals = sum(this.totals, report.counts);
    if (report.happenings.length > 0) this.keep(report);
    this.subject.next(report);
  }

  snapshot(): Snapshot {
    return { totals: this.totals, reports: this.kept.map(({ report }) => report) };
  }

  private keep(report: Report): void {
    const bytes = Buffer.byteLength(JSON.stringify(report));
    this.kept.push({ report, bytes });
    this.happenings += report.happenings.length;
    this.bytes += bytes;
    while (this.happenings > KEPT_HAPPENINGS || this.bytes > KEPT_BYTES) this.dropOldest();
  }

  private dropOldest(): void {
    const oldest = this.kept.shift();
    this.happenings -= oldest?.report.happenings.length ?? 0;
    this.bytes -= oldest?.bytes ?? 0;
  }
}
