import { attempt } from './attempt.js';
import { byId, setText } from './dom.js';
import { PaymentRow } from './payment-row.js';

/** @typedef {import('./model.js').Model} Model */
/** @typedef {import('./payment-story.js').PaymentStory} PaymentStory */

/** Rows cost rendering time, so only the latest payments have one. */
const MOST_ROWS = 40;

/** The latest payments, one row each, newest first. A row never moves. */
export class PaymentList {
  #list = byId('payment-list', HTMLOListElement);
  #empty = byId('payments-empty', HTMLElement);
  #count = byId('payments-count', HTMLElement);
  #omitted = byId('omitted', HTMLElement);
  /** @type {Map<PaymentStory, PaymentRow>} */
  #rows = new Map();

  /** @param {(story: PaymentStory) => void} onRepeat */
  constructor(onRepeat) {
    this.onRepeat = onRepeat;
  }

  /**
   * Returns whether a row keeps changing without new events.
   * @param {Model} model
   */
  show(model) {
    const shown = [...model.payments.values()].slice(-MOST_ROWS);
    this.#removeAllExcept(new Set(shown));
    const now = model.now();
    const alive = shown.filter((story) => attempt(() => this.#rowOf(story).show(now)));
    this.#empty.hidden = shown.length > 0;
    const hidden = model.payments.size - shown.length;
    setText(
      this.#count,
      shown.length === 0 ? '' : hidden > 0 ? `the latest ${shown.length}` : `${shown.length}`,
    );
    const more = model.omitted.toLocaleString('en');
    setText(this.#omitted, model.omitted > 0 ? `too many to show: ${more} more events are only counted` : '');
    return alive.length > 0;
  }

  /** @param {PaymentStory} story */
  #rowOf(story) {
    const known = this.#rows.get(story);
    if (known) return known;
    const row = new PaymentRow(story, this.onRepeat);
    this.#rows.set(story, row);
    this.#list.prepend(row.element);
    return row;
  }

  /** @param {Set<PaymentStory>} wanted */
  #removeAllExcept(wanted) {
    for (const [story, row] of this.#rows) {
      if (wanted.has(story)) continue;
      row.element.remove();
      this.#rows.delete(story);
    }
  }
}
