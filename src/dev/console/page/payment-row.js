import { button, html, setText } from './dom.js';
import { counted, duration, inWords, money, shortKey } from './format.js';
import { episodeItems } from './episodes.js';
import { drawTimeLine } from './time-line.js';

/** @typedef {import('./payment-story.js').PaymentStory} PaymentStory */

/** How each state is shown: never by colour alone. @type {Record<PaymentStory['state'], { tone: string, sign: string, text: string }>} */
const STATES = {
  queued: { tone: 'published', sign: '●', text: 'in queue' },
  working: { tone: 'progress', sign: '▶', text: 'in progress' },
  delayed: { tone: 'delayed', sign: '↻', text: 'delayed' },
  processing: { tone: 'processing', sign: '◔', text: 'processing at the gateway' },
  charged: { tone: 'charged', sign: '✓', text: 'charged once' },
  declined: { tone: 'declined', sign: '✕', text: 'declined' },
  failed: { tone: 'declined', sign: '✕', text: 'failed' },
  dead: { tone: 'dead', sign: '!', text: 'dead letter' },
};

/** One payment in the list. */
export class PaymentRow {
  element = html('li', { class: 'payment new' });
  #chip = html('span', { class: 'chip' });
  #title = html('h3');
  #amount = html('span', { class: 'amount' });
  #lesser = html('p', { class: 'lesser' });
  #lease = html('p', { class: 'lease' });
  #leaseBar = document.createElement('progress');
  #leaseText = html('span');
  #timeLine = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  #events = html('ol', { class: 'events' });
  #shownVersion = -1;

  /**
   * @param {PaymentStory} story
   * @param {(story: PaymentStory) => void} onRepeat
   */
  constructor(story, onRepeat) {
    this.story = story;
    this.repeat = button('Publish a duplicate', () => onRepeat(story), { class: 'small push' });
    const facts = html('div', { class: 'facts' }, this.#chip, this.#title, this.#amount, this.repeat);
    this.#leaseBar.setAttribute('aria-hidden', 'true');
    this.#lease.append(this.#leaseBar, this.#leaseText);
    this.#timeLine.setAttribute('class', 'time-line');
    this.#timeLine.setAttribute('aria-hidden', 'true');
    this.#events.setAttribute('aria-label', 'Time line');
    this.element.append(facts, this.#lesser, this.#lease, this.#timeLine, this.#events);
  }

  /**
   * Returns whether the row keeps changing without new events.
   * @param {number} now
   */
  show(now) {
    const { story } = this;
    if (story.version !== this.#shownVersion) this.#showNews(now);
    this.#shownVersion = story.version;
    this.#showCountdown(now);
    if (story.isGrowing) drawTimeLine(this.#timeLine, story, now);
    return story.isGrowing;
  }

  /** @param {number} now */
  #showNews(now) {
    const { story } = this;
    const { tone, sign, text } = STATES[story.state];
    this.element.dataset.tone = tone;
    this.element.dataset.state = story.state;
    setText(this.#chip, `${sign} ${text}${declineCodeOf(story)}`);
    setText(this.#title, story.paymentId ?? (story.key === '' ? 'no valid key' : 'payment'));
    setText(this.#amount, amountOf(story));
    this.#lesser.replaceChildren(...detailsOf(story));
    this.repeat.hidden = !story.payment;
    this.repeat.setAttribute('aria-label', `Publish a duplicate of ${story.paymentId ?? 'this payment'}`);
    this.#events.replaceChildren(...episodeItems(story));
    drawTimeLine(this.#timeLine, story, now);
  }

  /** @param {number} now */
  #showCountdown(now) {
    const { lease, delayedUntil, state } = this.story;
    const isShown =
      (state === 'working' && lease !== undefined) || (state === 'delayed' && delayedUntil !== undefined);
    this.#lease.hidden = !isShown;
    if (state === 'working' && lease) {
      const leftMs = lease.until - now;
      this.#leaseBar.hidden = false;
      this.#leaseBar.max = lease.ms;
      this.#leaseBar.value = Math.max(0, leftMs);
      const owner = `held by ${lease.process}`;
      setText(
        this.#leaseText,
        leftMs > 0 ? `lease ${duration(leftMs)}, ${owner}` : `lease expired, was ${owner}`,
      );
    } else if (delayedUntil !== undefined) {
      this.#leaseBar.hidden = true;
      const leftMs = delayedUntil - now;
      setText(this.#leaseText, leftMs > 0 ? `retried in ${duration(leftMs)}` : 'being retried');
    }
  }
}

/** @param {PaymentStory} story */
function declineCodeOf({ state, result }) {
  const isUnpaid = state === 'declined' || state === 'failed';
  return isUnpaid && result?.declineCode !== undefined ? `: ${result.declineCode}` : '';
}

/** @param {PaymentStory} story */
function amountOf({ payment, result }) {
  if (result?.amount !== undefined) return money(result.amount, result.currency);
  return payment ? money(payment.amount, payment.currency) : '';
}

/** @param {PaymentStory} story */
function detailsOf(story) {
  const key = html('span', { class: 'mono', title: story.key }, shortKey(story.key));
  const texts = [
    story.payment?.customerId,
    story.attempts > 0 && counted(story.attempts, 'attempt'),
    story.deliveries > 0 && counted(story.deliveries, 'delivery', 'deliveries'),
    story.duplicates > 0 && counted(story.duplicates, 'duplicate'),
    !story.hasRecord && story.reason !== undefined && inWords(story.reason),
  ].filter((text) => typeof text === 'string');
  return [...(story.key === '' ? [] : [key]), ...texts.map((text) => html('span', {}, text))];
}
