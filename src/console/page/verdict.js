import { byId, html, setText } from './dom.js';
import { counted } from './format.js';

/** @typedef {import('../activity').Counts} Counts */
/** @typedef {import('./model.js').Model} Model */

/** A screen reader is told what it came to, not each step. */
const QUIET_MS = 1_500;

/** The one sentence that it is all about. */
export class Verdict {
  #sentence = byId('verdict', HTMLElement);
  #announcement = byId('announcement', HTMLElement);
  #shown = '';
  /** @type {number | undefined} */
  #timer;

  /** @param {Model} model */
  show({ totals, isBusy }) {
    const news = JSON.stringify([totals, isBusy]);
    if (news === this.#shown) return;
    this.#shown = news;
    this.#sentence.replaceChildren(...sentence(totals, isBusy));
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => setText(this.#announcement, this.#sentence.textContent ?? ''), QUIET_MS);
  }
}

/**
 * @param {Counts} totals
 * @param {boolean} isBusy
 */
function sentence({ published, charged, declined, duplicates, dead }, isBusy) {
  if (published + charged + declined + duplicates === 0) return ['Nothing published yet.'];
  const open = published - charged - declined - duplicates - dead;
  return [
    `${counted(published, 'message')}, `,
    html('em', {}, counted(charged, 'charge')),
    ...(declined > 0 ? [`, ${declined.toLocaleString('en')} declined`] : []),
    ', ',
    html('em', { class: 'duplicates' }, counted(duplicates, 'duplicate')),
    ' replayed',
    ...(isBusy && open > 0 ? [`, ${open.toLocaleString('en')} on the way`] : []),
  ];
}
