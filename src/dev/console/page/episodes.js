import { html } from './dom.js';
import { clock, duration, inWords } from './format.js';
import { stateAfter } from './payment-story.js';

/** @typedef {import('./payment-story.js').PaymentStory} PaymentStory */
/** @typedef {import('./payment-story.js').Episode} Episode */
/** @typedef {import('../activity').ResultFacts} ResultFacts */
/** @typedef {{ what: string, tone: string, more?: string | undefined }} Words */

/** The latest; the number of the others is shown. */
const MOST_SHOWN = 14;

const FROM = {
  store: 'from the record',
  'running-call': 'joined the running attempt',
  memory: 'from memory',
};

/**
 * A payment's time line in words.
 * @param {PaymentStory} story
 */
export function episodeItems({ episodes, firstAt }) {
  const left = episodes.length - MOST_SHOWN;
  const shown = left > 0 ? episodes.slice(left) : episodes;
  return [
    ...(left > 0 ? [html('li', { class: 'when' }, `${left} earlier`)] : []),
    ...shown.map((episode) => itemOf(episode, firstAt)),
  ];
}

/**
 * @param {Episode} episode
 * @param {number} firstAt
 */
function itemOf({ first, last, times, process }, firstAt) {
  const { what, tone, more } = wordsFor(last);
  const often = times > 1 ? ` ×${times}` : '';
  return html(
    'li',
    { 'data-tone': tone, title: `${clock(first.at)}, ${process}` },
    html('span', { class: 'when' }, `+${duration(first.at - firstAt)}`),
    html('span', { class: 'what' }, what + often),
    ...(more ? [html('span', {}, more)] : []),
  );
}

/**
 * @param {Episode['last']} happening
 * @returns {Words}
 */
export function wordsFor(happening) {
  switch (happening.kind) {
    case 'published':
      return { what: 'published', tone: 'published' };
    case 'started':
      return {
        what: `attempt ${happening.attempt}`,
        tone: 'progress',
        more: `token ${happening.fencingToken}`,
      };
    case 'lease-renewed':
      return { what: 'lease renewed', tone: 'progress' };
    case 'lease-lost':
      return { what: 'lease lost', tone: 'dead' };
    case 'released':
      return { what: 'lease released', tone: 'progress' };
    case 'finished':
      return wordsForResult(happening.result);
    case 'ended':
      return wordsForEnd(happening.result);
    case 'duplicate':
      return { what: 'duplicate', tone: 'duplicates', more: FROM[happening.from] };
    case 'delayed':
      return {
        what: `delayed ${duration(happening.delayMs)}`,
        tone: 'delayed',
        more: inWords(happening.why),
      };
    case 'dead':
      return { what: 'dead letter', tone: 'dead', more: happening.reason };
  }
}

/**
 * @param {ResultFacts} result
 * @returns {Words}
 */
function wordsForResult(result) {
  const state = stateAfter(result);
  switch (state) {
    case 'processing':
      return { what: 'processing', tone: 'processing', more: 'at the gateway' };
    case 'charged':
      return { what: 'charged', tone: 'charged' };
    case 'declined':
    case 'failed':
      return { what: state, tone: 'declined', more: result.declineCode };
  }
}

/**
 * @param {ResultFacts} result
 * @returns {Words}
 */
function wordsForEnd(result) {
  return stateAfter(result) === 'charged'
    ? { what: 'succeeded later', tone: 'charged' }
    : { what: 'failed later', tone: 'declined', more: result.declineCode };
}
