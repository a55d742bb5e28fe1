import { button, byId, html } from './dom.js';
import { isObject } from './api.js';

const LOOK_EVERY_MS = 3_000;

/** The name of each dependency, and what follows when it is unavailable. @type {Record<string, { name: string, meaning: string }>} */
const PARTS = {
  rabbitmq: { name: 'RabbitMQ', meaning: 'No message can be published or consumed.' },
  redis: {
    name: 'Redis',
    meaning: 'No payment is charged until it is available again, so none is charged twice.',
  },
  ledger: { name: 'The ledger', meaning: 'No payment is charged until it is available again.' },
  consumer: { name: 'The consumer', meaning: 'Messages wait in the queue.' },
};

/** Shows a banner while the service has a problem. */
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
        'Is it running? This page reconnects automatically and then shows everything again.',
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
      // The event stream detects this as well.
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
    return ['The service is stopping.', 'It finishes the messages in flight.'];
  const parts = isObject(health.error) ? Object.entries(health.error) : [];
  if (parts.length === 0) return [];
  return [
    'Not ready.',
    ...parts.map(([part, detail]) => {
      const { name, meaning } = PARTS[part] ?? { name: part, meaning: '' };
      const reason = isObject(detail) && typeof detail.reason === 'string' ? detail.reason : 'down';
      return `${name}: ${reason}. ${meaning}`;
    }),
    'It continues automatically.',
  ];
}
