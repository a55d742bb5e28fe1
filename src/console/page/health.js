import { button, byId, html } from './dom.js';
import { isObject } from './api.js';

const LOOK_EVERY_MS = 3_000;

/** What each dependency is called, and what its absence means. @type {Record<string, { name: string, meaning: string }>} */
const PARTS = {
  rabbitmq: { name: 'RabbitMQ', meaning: 'Nothing can be published or taken from the queue.' },
  redis: { name: 'Redis', meaning: 'Nothing is charged until it is back, so nothing is charged twice.' },
  consumer: { name: 'The consumer', meaning: 'Messages wait in the queue.' },
};

/** Says what is wrong with the service, as long as something is. */
export class Health {
  #banner = byId('banner', HTMLElement);
  #shown = '';
  isReachable = true;

  /** @param {() => void} onTryNow */
  constructor(onTryNow) {
    this.onTryNow = onTryNow;
    setInterval(() => {
      if (this.isReachable) void this.look();
    }, LOOK_EVERY_MS);
  }

  /** @param {boolean} isReachable */
  setReachable(isReachable) {
    if (this.isReachable === isReachable) return;
    this.isReachable = isReachable;
    if (isReachable) {
      this.#show([]);
      void this.look();
    } else {
      this.#show([
        'The service is unreachable.',
        'Is it running? This page goes on trying, and shows everything again when it is back.',
      ]);
    }
  }

  async look() {
    try {
      const answer = await fetch('health/ready');
      /** @type {unknown} */
      const health = await answer.json();
      if (this.isReachable) this.#show(problemsIn(health));
    } catch {
      // The connection for events notices it, too.
    }
  }

  /** @param {string[]} lines the first one is the headline */
  #show(lines) {
    const news = JSON.stringify(lines);
    if (news === this.#shown) return;
    this.#shown = news;
    const [headline = '', ...rest] = lines;
    this.#banner.hidden = lines.length === 0;
    this.#banner.replaceChildren(
      html('strong', {}, headline),
      ...rest.map((line) => html('span', {}, line)),
      ...(this.isReachable ? [] : [button('Try now', this.onTryNow)]),
    );
  }
}

/** @param {unknown} health what `/health/ready` answers */
function problemsIn(health) {
  if (!isObject(health)) return [];
  if (health.status === 'shutting_down')
    return ['The service is stopping.', 'It finishes what it has in flight.'];
  const parts = isObject(health.error) ? Object.entries(health.error) : [];
  if (parts.length === 0) return [];
  return [
    'Not ready.',
    ...parts.map(([part, detail]) => {
      const { name, meaning } = PARTS[part] ?? { name: part, meaning: '' };
      const reason = isObject(detail) && typeof detail.reason === 'string' ? detail.reason : 'down';
      return `${name}: ${reason}. ${meaning}`;
    }),
    'It goes on by itself.',
  ];
}
