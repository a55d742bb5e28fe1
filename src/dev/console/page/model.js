import { attempt } from './attempt.js';
import { PaymentStory } from './payment-story.js';

/** @typedef {import('../activity').Counts} Counts */
/** @typedef {import('../activity').Report} Report */
/** @typedef {import('../activity').Happening} Happening */
/** @typedef {import('../activity').QueueDepths} QueueDepths */
/** @typedef {import('../activity').Snapshot} Snapshot */

/** More than a person scrolls through; the oldest are dropped. */
const MOST_PAYMENTS = 300;
/** A process that has not reported for this long is considered gone, with its leases. It reports every two seconds. */
const PROCESS_GONE_MS = 6_000;
/** The names come from outside, so their number is limited; the latest are kept. */
const MOST_PROCESSES = 100;
export const CHART_SECONDS = 60;

/** @type {Counts} */
const NONE = { published: 0, charged: 0, declined: 0, duplicates: 0, delayed: 0, dead: 0 };

/** The data of the page, built from the events of the service. Does not use the DOM. */
export class Model {
  /** By key, the oldest first. @type {Map<string, PaymentStory>} */
  payments = new Map();
  totals = NONE;
  /** @type {QueueDepths | null} */
  depths = null;
  /** Undefined while the number is unknown. @type {number | undefined} */
  deadLetters;
  omitted = 0;
  /** @type {Map<string, { inProgress: number, seenAt: number }>} */
  #processes = new Map();
  /** Counts of each second. @type {Map<number, Counts>} */
  #seconds = new Map();
  /** How much later this machine's clock is than the service's. */
  #skewMs = Infinity;

  /** @param {Snapshot} snapshot replaces everything known before */
  reset({ totals, reports }) {
    this.payments.clear();
    this.#processes.clear();
    this.#seconds.clear();
    this.#skewMs = Infinity;
    this.omitted = 0;
    for (const report of reports) attempt(() => this.apply(report, totals));
    this.totals = totals;
  }

  /**
   * @param {Report} report
   * @param {Counts} totals
   */
  apply(report, totals) {
    this.totals = totals;
    this.omitted += report.omitted;
    this.#skewMs = Math.min(this.#skewMs, Date.now() - report.at);
    this.#see(report);
    this.#count(report);
    for (const happening of report.happenings) {
      attempt(() => this.#storyOf(happening).apply(happening, report.process));
    }
  }

  /**
   * Reading the dead letters takes them from the queue for a moment, so their number counts only when seen twice.
   * @param {QueueDepths | null} depths
   */
  setDepths(depths) {
    if (!depths || !this.depths || depths.dead === this.depths.dead) this.deadLetters = depths?.dead;
    this.depths = depths;
  }

  /** Now, by the service's clock. */
  now() {
    return Date.now() - (Number.isFinite(this.#skewMs) ? this.#skewMs : 0);
  }

  /** The live processes, and the leases they hold. */
  get processes() {
    const now = this.now();
    const alive = [...this.#processes].filter(([, { seenAt }]) => now - seenAt < PROCESS_GONE_MS);
    return {
      names: alive.map(([name]) => name),
      inProgress: alive.reduce((all, [, { inProgress }]) => all + inProgress, 0),
    };
  }

  /** How many of the known payments are processing at the gateway. */
  get processing() {
    return [...this.payments.values()].filter(({ state }) => state === 'processing').length;
  }

  /** Whether messages wait or are in progress. */
  get isActive() {
    const { ready = 0, waiting = 0 } = this.depths ?? {};
    return ready + waiting + this.processes.inProgress > 0;
  }

  /** The counts of each of the last seconds, the latest last. */
  seconds() {
    const last = Math.floor(this.now() / 1000);
    return Array.from(
      { length: CHART_SECONDS },
      (_, index) => this.#seconds.get(last - CHART_SECONDS + 1 + index) ?? NONE,
    );
  }

  /** @param {Report} report */
  #see({ process, inProgress, at }) {
    this.#processes.delete(process);
    this.#processes.set(process, { inProgress, seenAt: at });
    for (const [name, { seenAt }] of this.#processes) {
      const isGone = at - seenAt >= PROCESS_GONE_MS;
      if (isGone || this.#processes.size > MOST_PROCESSES) this.#processes.delete(name);
    }
  }

  /** @param {Report} report */
  #count({ at, counts }) {
    const second = Math.floor(at / 1000);
    this.#seconds.set(second, added(this.#seconds.get(second) ?? NONE, counts));
    for (const old of this.#seconds.keys()) {
      if (old < second - CHART_SECONDS) this.#seconds.delete(old);
    }
  }

  /** @param {Happening} happening */
  #storyOf({ key }) {
    const known = this.payments.get(key);
    if (known) return known;
    const story = new PaymentStory(key);
    this.payments.set(key, story);
    const [oldest] = this.payments.keys();
    if (this.payments.size > MOST_PAYMENTS && oldest !== undefined) this.payments.delete(oldest);
    return story;
  }
}

/**
 * @param {Counts} one
 * @param {Counts} other
 * @returns {Counts}
 */
function added(one, other) {
  return {
    published: one.published + other.published,
    charged: one.charged + other.charged,
    declined: one.declined + other.declined,
    duplicates: one.duplicates + other.duplicates,
    delayed: one.delayed + other.delayed,
    dead: one.dead + other.dead,
  };
}
