import { ApiError, call, isObject, messageOf } from './api.js';
import { MEANINGS } from './dead-letter-reasons.js';
import { button, byId, html, say, setText } from './dom.js';
import { counted, shortKey } from './format.js';

const MAX_SHOWN = 20;
const LOCKED_RETRY_MS = 400;
const LOCKED_TRIES = 10;

/** The list of dead letters, with replay and drop. Reads them only when their number changes: reading takes them briefly. */
export class DeadLetters {
  #list = byId('dead-letters', HTMLElement);
  #count = byId('dead-count', HTMLElement);
  #empty = byId('dead-empty', HTMLElement);
  #outcome = byId('dead-outcome', HTMLElement);
  #dialog = byId('drop-dialog', HTMLDialogElement);
  #total = -1;
  #isLooking = false;

  constructor() {
    byId('dead-refresh', HTMLButtonElement).addEventListener('click', () => void this.look());
  }

  /**
   * Refreshes the list if the broker's number differs from the shown one.
   * @param {number | undefined} count
   */
  expect(count) {
    if (count !== undefined && count !== this.#total) void this.look();
  }

  async look() {
    if (this.#isLooking) return;
    this.#isLooking = true;
    try {
      this.#show(await whenUnlocked(() => call('GET', `dead-letters?limit=${MAX_SHOWN}`)));
    } catch (error) {
      say(this.#outcome, 'error', `The dead letters cannot be read: ${messageOf(error)}`);
    } finally {
      this.#isLooking = false;
    }
  }

  /** @param {unknown} answer */
  #show(answer) {
    if (!isObject(answer) || !Array.isArray(answer.deadLetters)) return;
    this.#total = Number(answer.total);
    setText(this.#count, this.#total > 0 ? String(this.#total) : '');
    this.#empty.hidden = this.#total > 0;
    const hidden = this.#total - answer.deadLetters.length;
    this.#list.replaceChildren(
      ...answer.deadLetters.filter(isObject).map((letter) => this.#item(letter)),
      ...(hidden > 0 ? [html('li', { class: 'hint' }, `and ${counted(hidden, 'more', 'more')}`)] : []),
    );
  }

  /** @param {Record<string, unknown>} letter */
  #item({ id, reason, endsPayment, detail, attempts, idempotencyKey }) {
    const key = typeof idempotencyKey === 'string' ? idempotencyKey : '';
    const name = `dead letter ${String(id)}, ${String(reason)}`;
    const actions = html(
      'div',
      { class: 'actions push' },
      button('Replay', () => void this.#replay(String(id)), { 'aria-label': `Replay ${name}` }),
      button('Drop…', () => this.#drop(String(id), name), {
        class: 'small danger',
        'aria-label': `Drop ${name}`,
      }),
    );
    const facts = html(
      'div',
      { class: 'facts' },
      html('span', { class: 'chip' }, `! ${String(reason)}`),
      html('span', { class: 'mono', title: key }, key === '' ? 'no key' : shortKey(key)),
      html('span', { class: 'hint' }, counted(Number(attempts), 'attempt')),
      actions,
    );
    const meaning = html(
      'p',
      {},
      MEANINGS[String(reason)] ?? '',
      endsPayment === true
        ? ' The payment ends here, unless it is replayed. '
        : ' It is not the end of a payment. ',
      html('span', { class: 'hint' }, String(detail)),
    );
    return html('li', { class: 'dead-letter', 'data-tone': 'dead' }, facts, meaning);
  }

  /** @param {string} id */
  #replay(id) {
    return this.#do('Replayed with its own key: a payment that was charged is not charged again.', () =>
      call('POST', 'dead-letters/replay', { body: { id } }),
    );
  }

  /**
   * @param {string} id
   * @param {string} name
   */
  #drop(id, name) {
    setText(byId('drop-text', HTMLElement), `The ${name}, is removed from the queue. This cannot be undone.`);
    this.#dialog.returnValue = 'cancel';
    this.#dialog.addEventListener(
      'close',
      () => {
        if (this.#dialog.returnValue !== 'drop') return;
        void this.#do('Dropped.', () => call('DELETE', `dead-letters/${encodeURIComponent(id)}`));
      },
      { once: true },
    );
    this.#dialog.showModal();
  }

  /**
   * @param {string} text
   * @param {() => Promise<unknown>} work
   */
  async #do(text, work) {
    try {
      await whenUnlocked(work);
      say(this.#outcome, 'done', text);
    } catch (error) {
      say(this.#outcome, 'error', messageOf(error));
    }
    await this.look();
    // The element that had the focus no longer exists.
    byId('dead-refresh', HTMLButtonElement).focus();
  }
}

/**
 * Retries while another process reads them (409): only one may read at a time, and it needs only a moment.
 * @param {() => Promise<unknown>} work
 */
async function whenUnlocked(work) {
  for (let tries = 1; ; tries++) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 409 || tries === LOCKED_TRIES) throw error;
      await new Promise((resolve) => setTimeout(resolve, LOCKED_RETRY_MS));
    }
  }
}
