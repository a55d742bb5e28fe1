import { attempt } from './attempt.js';
import { byId, setText } from './dom.js';
import { PaymentRow } from './payment-row.js';

/** @typedef {import('./model.js').Model} Model */
/** @typedef {import('./payment-story.js').PaymentStory} PaymentStory */

/** The latest of them; a row is dear. */
const MOST_ROWS = 40;

/** The latest payments, each a row, the newest first. Rows do not move once they are there. */
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
   * Whether some of it goes on changing without any news.
   * @param {Model} model
   */
  show(model) {
    const shown = [...model.payments.values()].slice(-MOST_ROWS);
    this.#forgetAllBut(new Set(shown));
    const now = model.now();
    const alive = shown.filter((story) => attempt(() => this.#rowOf(story).show(now)));
    this.#empty.hidden = shown.length > 0;
    const hidden = model.payments.size - shown.length;
    setText(
      this.#count,
      shown.length === 0 ? '' : hidden > 0 ? `the latest ${shown.length}` : `${shown.length}`,
    );
    const more = model.omitted.toLocaleString('en');
    setText(this.#omitted, model.omitted > 0 ? `too fast to show each: ${more} more are only counted` : '');
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
  #forgetAllBut(wanted) {
    for (const [story, row] of this.#rows) {
      if (wanted.has(story)) continue;
      row.element.remove();
      this.#rows.delete(story);
    }
  }
}
