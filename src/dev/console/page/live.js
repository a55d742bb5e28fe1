/** @typedef {import('../activity').LiveEvent} LiveEvent */
/** @typedef {'connecting' | 'live' | 'lost'} ConnectionState */

/** The service sends an event every second; after this long without one, the connection counts as lost. */
const SILENCE_MS = 12_000;
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 5_000;

/** @type {LiveEvent['type'][]} */
const TYPES = ['snapshot', 'report', 'queues', 'heartbeat'];

/** Keeps the connection to the service's events, and reconnects automatically. */
export class Live {
  /** @type {EventSource | undefined} */
  #source;
  /** @type {number | undefined} */
  #timer;
  #waitMs = FIRST_WAIT_MS;

  /**
   * @param {object} on
   * @param {(event: LiveEvent) => void} on.event
   * @param {(state: ConnectionState) => void} on.state
   */
  constructor(on) {
    this.on = on;
  }

  connect() {
    this.#close();
    const source = new EventSource('console/events');
    this.#source = source;
    for (const type of TYPES) {
      source.addEventListener(type, ({ data }) => {
        this.#waitMs = FIRST_WAIT_MS;
        this.#watch();
        this.on.state('live');
        this.on.event(/** @type {LiveEvent} */ ({ type, data: JSON.parse(String(data)) }));
      });
    }
    // The browser stops reconnecting after an answer that is not an event stream, such as a proxy's error page.
    source.addEventListener('error', () => this.#lost());
    this.#watch();
  }

  #watch() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#lost(), SILENCE_MS);
  }

  #lost() {
    this.#close();
    this.on.state('lost');
    this.#timer = setTimeout(() => this.connect(), this.#waitMs);
    this.#waitMs = Math.min(2 * this.#waitMs, LONGEST_WAIT_MS);
  }

  #close() {
    clearTimeout(this.#timer);
    this.#source?.close();
  }
}
