import { svg } from './dom.js';
import { wordsFor } from './episodes.js';

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
  const isOpen = story.state === 'working' || story.state === 'delayed';
  const end = isOpen ? Math.max(now, story.lastAt) : story.lastAt;
  const span = Math.max(SHORTEST_MS, end - story.firstAt);
  /** @param {number} at */
  const x = (at) => 0.8 + (98.4 * (Math.min(at, end) - story.firstAt)) / span;
  /** @type {Element[]} */
  const bars = [];
  /** @type {Element[]} */
  const dots = [];
  story.episodes.forEach(({ first, last }, index) => {
    const { tone } = wordsFor(first);
    if (first.kind === 'started' || first.kind === 'delayed') {
      const until =
        first.kind === 'delayed' ? Math.min(first.at + first.delayMs, end) : endOfAttempt(story, index, end);
      const width = Math.max(0.3, x(until) - x(first.at));
      const look = first.kind === 'delayed' ? 'wait' : 'work';
      bars.push(
        svg('rect', {
          'data-tone': tone,
          class: look,
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
