import { Injectable } from '@nestjs/common';
import { Subject, type Observable } from 'rxjs';
import { NO_COUNTS, type Counts, type Report, type Snapshot } from './activity';
import { sum } from './counting';

/** What somebody who opens the page gets to see of the past; a few hundred bytes each. */
const KEPT_HAPPENINGS = 2_000;

/** The latest reports, and what they add up to since this process started. */
@Injectable()
export class ActivityLog {
  private readonly reports: Report[] = [];
  private readonly subject = new Subject<Report>();
  private kept = 0;
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
    return { totals: this.totals, reports: [...this.reports] };
  }

  private keep(report: Report): void {
    this.reports.push(report);
    this.kept += report.happenings.length;
    while (this.kept > KEPT_HAPPENINGS) this.kept -= this.reports.shift()?.happenings.length ?? 0;
  }
}
