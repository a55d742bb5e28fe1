import { svg } from './dom.js';
import { wordsFor } from './episodes.js';
import { stateAfter } from './payment-story.js';

/** @typedef {import('./payment-story.js').PaymentStory} PaymentStory */

const HEIGHT = 20;
const MIDDLE = HEIGHT / 2;
/** A time line of a few milliseconds is not stretched over the whole width. */
const SHORTEST_MS = 40;

/**
 * A payment's time line to scale: bars for attempts and waits, dots for the rest.
 * @param {SVGElement} picture
 * @param {PaymentStory} story
 * @param {number} now
 */
export function drawTimeLine(picture, story, now) {
  const end = story.isGrowing ? Math.max(now, story.lastAt) : story.lastAt;
  const span = Math.max(SHORTEST_MS, end - story.firstAt);
  /** @param {number} at */
  const x = (at) => 0.8 + (98.4 * (Math.min(at, end) - story.firstAt)) / span;
  /** @type {Element[]} */
  const bars = [];
  /** @type {Element[]} */
  const dots = [];
  story.episodes.forEach(({ first, last }, index) => {
    const { tone } = wordsFor(first);
    const bar = barOf(story, index, end);
    if (bar) {
      const width = Math.max(0.3, x(bar.until) - x(first.at));
      bars.push(
        svg('rect', {
          'data-tone': tone,
          class: bar.look,
          x: `${x(first.at)}%`,
          y: MIDDLE - 5,
          width: `${width}%`,
          height: 10,
          rx: 3,
        }),
      );
    }
    if (first.kind === 'started') return;
    for (const { at } of first === last ? [first] : [first, last]) {
      dots.push(
        svg('circle', {
          'data-tone': tone,
          cx: `${x(at)}%`,
          cy: MIDDLE,
          r: first.kind === 'lease-renewed' ? 3 : 5,
        }),
      );
    }
  });
  const axis = svg('rect', { class: 'axis', x: 0, y: MIDDLE - 1, width: '100%', height: 2, rx: 1 });
  picture.replaceChildren(axis, ...bars, ...dots);
}

/**
 * The bar of an episode that takes time.
 * @param {PaymentStory} story
 * @param {number} index
 * @param {number} end
 * @returns {{ look: 'work' | 'wait', until: number } | undefined}
 */
function barOf(story, index, end) {
  const happening = story.episodes[index]?.first;
  switch (happening?.kind) {
    case 'started':
      return { look: 'work', until: endOfAttempt(story, index, end) };
    case 'delayed':
      return { look: 'wait', until: Math.min(happening.at + happening.delayMs, end) };
    case 'finished': {
      if (stateAfter(happening.result) !== 'processing') return undefined;
      const ended = story.episodes.find(({ first }) => first.kind === 'ended');
      return { look: 'wait', until: ended?.first.at ?? end };
    }
    default:
      return undefined;
  }
}

/**
 * When an attempt ended: at the next event of the same process that ends an attempt.
 * @param {PaymentStory} story
 * @param {number} index
 * @param {number} end
 */
function endOfAttempt({ episodes }, index, end) {
  const owner = episodes[index]?.process;
  const next = episodes
    .slice(index + 1)
    .find(
      ({ first, process }) =>
        process === owner && ['finished', 'delayed', 'dead', 'lease-lost'].includes(first.kind),
    );
  return next?.first.at ?? end;
}
