import { ApiError, call, isObject, messageOf } from './api.js';
import { MEANINGS } from './dead-letter-reasons.js';
import { button, byId, html, say, setText } from './dom.js';
import { counted, shortKey } from './format.js';

/** Reading them holds them for a moment, so it is done when there is a reason to. */
const MOST_SHOWN = 20;
const BUSY_AGAIN_MS = 400;
const BUSY_TRIES = 10;

/** The dead letters, and what a person does with them. */
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
   * Looks again where the broker counts another number than is shown.
   * @param {number | undefined} count
   */
  expect(count) {
    if (count !== undefined && count !== this.#total) void this.look();
  }

  async look() {
    if (this.#isLooking) return;
    this.#isLooking = true;
    try {
      this.#show(await unlessBusy(() => call('GET', `dead-letters?limit=${MOST_SHOWN}`)));
    } catch (error) {
      say(this.#outcome, 'error', `They cannot be read: ${messageOf(error)}`);
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
        ? ' Its payment ends here, unless it is replayed. '
        : ' It is not the end of a payment. ',
      html('span', { class: 'hint' }, String(detail)),
    );
    return html('li', { class: 'dead-letter', 'data-tone': 'dead' }, facts, meaning);
  }

  /** @param {string} id */
  #replay(id) {
    return this.#do('Replayed, with its own key: what was charged is not charged again.', () =>
      call('POST', 'dead-letters/replay', { body: { id } }),
    );
  }

  /**
   * @param {string} id
   * @param {string} name
   */
  #drop(id, name) {
    setText(
      byId('drop-text', HTMLElement),
      `The ${name}, is removed from the queue. Nobody can bring it back.`,
    );
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
      await unlessBusy(work);
      say(this.#outcome, 'done', text);
    } catch (error) {
      say(this.#outcome, 'error', messageOf(error));
    }
    await this.look();
    // What had the focus is gone.
    byId('dead-refresh', HTMLButtonElement).focus();
  }
}

/**
 * Only one at a time may read them; whoever does is soon done.
 * @param {() => Promise<unknown>} work
 */
async function unlessBusy(work) {
  for (let tries = 1; ; tries++) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 409 || tries === BUSY_TRIES) throw error;
      await new Promise((resolve) => setTimeout(resolve, BUSY_AGAIN_MS));
    }
  }
}
