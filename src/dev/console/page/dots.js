import { svg } from './dom.js';

/** @typedef {{ element: Element, path: SVGPathElement, startsAt: number, length: number }} Dot */

/** Much slower than the service, so that the eye can follow. */
const TRAVEL_MS = 650;
/** Dots that start together keep this distance. */
const DISTANCE_MS = 55;
/** More at once are not distinguishable and slow the browser down. */
const MOST_DOTS = 120;

/** Dots that travel along lines, unless the user prefers reduced motion. */
export class Dots {
  /** @type {Set<Dot>} */
  #dots = new Set();
  /** When the last dot started on each line. @type {Map<SVGPathElement, number>} */
  #latest = new Map();
  #still = matchMedia('(prefers-reduced-motion: reduce)');

  /** @param {SVGSVGElement} picture */
  constructor(picture) {
    this.picture = picture;
  }

  /** @param {{ path: SVGPathElement, leg: number, tone: string, copies: number }} journey */
  send({ path, leg, tone, copies }) {
    if (this.#still.matches || document.hidden || path.getClientRects().length === 0) return;
    for (let copy = 0; copy < copies && this.#dots.size < MOST_DOTS; copy++) {
      const earliest = performance.now() + leg * TRAVEL_MS;
      const startsAt = Math.max(earliest, (this.#latest.get(path) ?? 0) + DISTANCE_MS);
      this.#latest.set(path, startsAt);
      const element = svg('circle', { class: 'dot', 'data-tone': tone, r: 5.5, visibility: 'hidden' });
      element.setAttribute('transform', path.getAttribute('transform') ?? '');
      this.picture.append(element);
      if (this.#dots.size === 0) requestAnimationFrame((now) => this.#move(now));
      this.#dots.add({ element, path, startsAt, length: path.getTotalLength() });
    }
  }

  /** @param {number} now */
  #move(now) {
    for (const dot of this.#dots) {
      const part = (now - dot.startsAt) / TRAVEL_MS;
      if (part >= 1) {
        dot.element.remove();
        this.#dots.delete(dot);
      } else if (part >= 0) {
        const { x, y } = dot.path.getPointAtLength(dot.length * eased(part));
        dot.element.setAttribute('cx', String(x));
        dot.element.setAttribute('cy', String(y));
        dot.element.setAttribute('visibility', 'visible');
      }
    }
    if (this.#dots.size > 0) requestAnimationFrame((next) => this.#move(next));
  }
}

/** @param {number} part */
function eased(part) {
  return part < 0.5 ? 2 * part * part : 1 - 2 * (1 - part) * (1 - part);
}
