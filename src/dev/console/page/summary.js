import { byId, html, setText } from './dom.js';
import { counted } from './format.js';

/** @typedef {import('../activity').Counts} Counts */
/** @typedef {import('./model.js').Model} Model */

/** A screen reader announces only the result, not each step. */
const QUIET_MS = 1_500;

/** The headline: messages, charges and duplicates in one sentence. */
export class Summary {
  #sentence = byId('summary', HTMLElement);
  #announcement = byId('announcement', HTMLElement);
  #shown = '';
  /** @type {number | undefined} */
  #timer;

  /** @param {Model} model */
  show({ totals, isActive, processing }) {
    const news = JSON.stringify([totals, isActive, processing]);
    if (news === this.#shown) return;
    this.#shown = news;
    this.#sentence.replaceChildren(...sentence({ ...totals, processing }, isActive));
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => setText(this.#announcement, this.#sentence.textContent ?? ''), QUIET_MS);
  }
}

/**
 * @param {Counts & { processing: number }} numbers
 * @param {boolean} isActive
 */
function sentence({ published, charged, declined, duplicates, dead, processing }, isActive) {
  if (published + charged + declined + duplicates + processing === 0) return ['Nothing published yet.'];
  const inProgress = published - charged - declined - duplicates - dead - processing;
  return [
    `${counted(published, 'message')}, `,
    html('em', {}, counted(charged, 'charge')),
    ...(declined > 0 ? [`, ${declined.toLocaleString('en')} declined or failed`] : []),
    ', ',
    html('em', { class: 'duplicates' }, counted(duplicates, 'duplicate')),
    ' replayed',
    ...(processing > 0 ? [`, ${processing.toLocaleString('en')} at the gateway`] : []),
    ...(isActive && inProgress > 0 ? [`, ${inProgress.toLocaleString('en')} in progress`] : []),
  ];
}
