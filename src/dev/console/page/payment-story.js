/** @typedef {import('../activity').Happening} Happening */
/** @typedef {import('../activity').PublishedFields} PublishedFields */
/** @typedef {import('../activity').ResultFacts} ResultFacts */
/** @typedef {'queued' | 'working' | 'delayed' | 'processing' | 'charged' | 'declined' | 'failed' | 'dead'} PaymentState */

/**
 * @typedef {object} Episode one event, or several of the same kind in a row
 * @property {Happening} first
 * @property {Happening} last
 * @property {string} process
 * @property {number} times
 */

/** A payment has many episodes only when something is wrong, and then the latest ones matter. */
const MOST_EPISODES = 80;

/** What is known about one payment. Reports of several processes arrive in any order, and every order gives the same. */
export class PaymentStory {
  /** Grows with each change. */
  version = 0;
  /** @type {PaymentState} */
  state = 'queued';
  attempts = 0;
  deliveries = 0;
  duplicates = 0;
  published = 0;
  /** @type {PublishedFields | undefined} */
  payment;
  /** @type {ResultFacts | undefined} */
  result;
  /** @type {{ until: number, ms: number, process: string } | undefined} */
  lease;
  /** @type {number | undefined} */
  delayedUntil;
  /** Why it is delayed or a dead letter. @type {string | undefined} */
  reason;
  /** In the order of their time. @type {Episode[]} */
  episodes = [];

  /** @param {string} key */
  constructor(key) {
    this.key = key;
  }

  /** Whether the outcome is final. */
  get isDone() {
    return this.state === 'charged' || this.state === 'declined' || this.state === 'failed';
  }

  /** Whether there is a record: no attempt begins any more. */
  get hasRecord() {
    return this.isDone || this.state === 'processing';
  }

  /** Whether its time line grows without new events. */
  get isGrowing() {
    return this.state === 'working' || this.state === 'delayed' || this.state === 'processing';
  }

  get paymentId() {
    return this.payment?.paymentId ?? this.result?.paymentId;
  }

  get firstAt() {
    return this.episodes[0]?.first.at ?? 0;
  }

  get lastAt() {
    return this.episodes.reduce((latest, { last }) => Math.max(latest, last.at), 0);
  }

  /**
   * @param {Happening} happening
   * @param {string} process that reported it
   */
  apply(happening, process) {
    this.version++;
    this.#change(happening, process);
    this.#remember(happening, process);
  }

  /**
   * @param {Happening} happening
   * @param {string} process
   */
  #change(happening, process) {
    switch (happening.kind) {
      case 'published':
        this.payment ??= happening.payment;
        this.published += happening.copies;
        return;
      case 'started':
        this.attempts = Math.max(this.attempts, happening.attempt);
        return this.#hold(happening, process);
      case 'lease-renewed':
        return this.#hold(happening, process);
      case 'lease-lost':
      case 'released':
        if (this.lease?.process === process) this.lease = undefined;
        return;
      case 'finished':
        this.deliveries++;
        return this.#finish(happening.result);
      case 'ended':
        return this.#finish(happening.result);
      case 'duplicate':
        this.deliveries++;
        this.duplicates++;
        return this.#finish(happening.result);
      case 'delayed':
        this.deliveries++;
        // A copy may be delayed while another one is in progress.
        if (this.hasRecord || this.lease) return;
        this.state = 'delayed';
        this.delayedUntil = happening.at + happening.delayMs;
        this.reason = happening.why;
        return;
      case 'dead':
        this.deliveries++;
        this.reason = `${happening.reason}: ${happening.detail}`;
        if (!this.hasRecord && !this.lease) this.state = 'dead';
    }
  }

  /**
   * @param {Extract<Happening, { kind: 'started' | 'lease-renewed' }>} happening
   * @param {string} process
   */
  #hold({ at, leaseMs }, process) {
    if (this.hasRecord) return;
    this.state = 'working';
    this.lease = { until: at + leaseMs, ms: leaseMs, process };
    this.delayedUntil = undefined;
    this.reason = undefined;
  }

  /** @param {ResultFacts} result */
  #finish(result) {
    const state = stateAfter(result);
    // That it was processing may be reported later than its end.
    if (this.isDone && state === 'processing') return;
    this.result = result;
    this.state = state;
    this.lease = undefined;
    this.delayedUntil = undefined;
  }

  /**
   * @param {Happening} happening
   * @param {string} process
   */
  #remember(happening, process) {
    if (happening.kind === 'released') return;
    const before = this.episodes.findLastIndex(({ last }) => last.at <= happening.at);
    const previous = this.episodes[before];
    if (previous && previous.process === process && isSame(previous.last, happening)) {
      previous.last = happening;
      previous.times += timesIn(happening);
      return;
    }
    const episode = { first: happening, last: happening, process, times: timesIn(happening) };
    this.episodes.splice(before + 1, 0, episode);
    if (this.episodes.length > MOST_EPISODES) this.episodes.splice(1, 1);
  }
}

/**
 * The state of a payment with this result in its record.
 * @param {ResultFacts} result
 * @returns {Extract<PaymentState, 'processing' | 'charged' | 'declined' | 'failed'>}
 */
export function stateAfter({ status }) {
  return status === 'processing' || status === 'declined' || status === 'failed' ? status : 'charged';
}

/**
 * @param {Happening} one
 * @param {Happening} other
 */
function isSame(one, other) {
  if (one.kind === 'duplicate' && other.kind === 'duplicate') return one.from === other.from;
  if (one.kind === 'dead' && other.kind === 'dead') return one.reason === other.reason;
  // Each attempt is an episode.
  return one.kind === other.kind && one.kind !== 'started' && one.kind !== 'finished';
}

/** @param {Happening} happening */
function timesIn(happening) {
  return happening.kind === 'published' ? happening.copies : 1;
}
