import { Dots } from './dots.js';
import { byId, setText, svg } from './dom.js';
import { stateAfter } from './payment-story.js';

/** @typedef {import('../activity').Happening} Happening */
/** @typedef {import('../activity').Report} Report */
/** @typedef {import('../activity').ResultFacts} ResultFacts */
/** @typedef {import('./model.js').Model} Model */

/**
 * The line that a message takes, how many lines come before it (`leg`), and its colour. `down`: the line starts at the
 * bottom of its node, at this fraction of the width.
 * @typedef {{ from: string, to: string, leg: number, tone: string, down?: number }} Journey
 * @type {Readonly<Record<string, Journey>>}
 */
const JOURNEYS = {
  published: { from: 'published', to: 'queue', leg: 0, tone: 'published' },
  returned: { from: 'delayed', to: 'queue', leg: 0, tone: 'delayed' },
  started: { from: 'queue', to: 'progress', leg: 1, tone: 'progress' },
  duplicate: { from: 'queue', to: 'duplicates', leg: 1, tone: 'duplicates', down: 0.85 },
  charged: { from: 'progress', to: 'charged', leg: 2, tone: 'charged' },
  processing: { from: 'progress', to: 'processing', leg: 2, tone: 'processing' },
  declined: { from: 'progress', to: 'declined', leg: 2, tone: 'declined' },
  'charged later': { from: 'processing', to: 'charged', leg: 0, tone: 'charged' },
  'failed later': { from: 'processing', to: 'declined', leg: 0, tone: 'declined' },
  delayed: { from: 'progress', to: 'delayed', leg: 2, tone: 'delayed', down: 0.3 },
  dead: { from: 'progress', to: 'dead', leg: 2, tone: 'dead', down: 0.7 },
};
/** Radius of a corner in pixels. */
const BEND = 16;
/** The most dots for the copies of one message. */
const MOST_DOTS_OF_ONE = 16;

/** The diagram: a number for each node, and dots for messages in motion. */
export class Flow {
  #frame = byId('flow', HTMLElement);
  #picture = byId('flow-lines', SVGSVGElement);
  #dots = new Dots(this.#picture);
  /** By journey. @type {Map<string, SVGPathElement>} */
  #paths = new Map();

  constructor() {
    for (const name of Object.keys(JOURNEYS)) {
      const path = svg('path');
      this.#picture.append(path);
      if (path instanceof SVGPathElement) this.#paths.set(name, path);
    }
    new ResizeObserver(() => this.#draw()).observe(this.#frame);
  }

  /** @param {Model} model */
  show({ totals, depths, deadLetters, processes, processing }) {
    /** @type {Record<string, number | undefined>} */
    const numbers = {
      published: totals.published,
      queue: depths?.ready,
      progress: processes.inProgress,
      charged: totals.charged,
      processing,
      declined: totals.declined,
      duplicates: totals.duplicates,
      delayed: depths?.waiting,
      dead: deadLetters,
    };
    for (const [node, number] of Object.entries(numbers)) {
      const place = this.#node(node)?.querySelector('dd');
      if (place) setText(place, number === undefined ? '–' : number.toLocaleString('en'));
    }
  }

  /**
   * Sends a dot for each event.
   * @param {Report} report
   * @param {Model} model as it was before the report
   */
  animate({ happenings }, model) {
    for (const happening of happenings) {
      for (const name of journeysOf(happening, model)) {
        const path = this.#paths.get(name);
        const journey = JOURNEYS[name];
        const copies = happening.kind === 'published' ? Math.min(happening.copies, MOST_DOTS_OF_ONE) : 1;
        if (path && journey) this.#dots.send({ path, leg: journey.leg, tone: journey.tone, copies });
      }
    }
  }

  /** @param {string} name */
  #node(name) {
    return this.#frame.querySelector(`[data-node="${name}"]`);
  }

  /** The style sheet places the nodes; the lines connect them. */
  #draw() {
    const frame = this.#frame.getBoundingClientRect();
    for (const [name, path] of this.#paths) {
      const journey = JOURNEYS[name];
      const [from, to] = [journey?.from, journey?.to].map((node) => this.#node(node ?? ''));
      if (!from || !to) continue;
      const way = wayBetween(from.getBoundingClientRect(), to.getBoundingClientRect(), journey?.down);
      path.setAttribute('d', way);
      path.setAttribute('transform', `translate(${-frame.left} ${-frame.top})`);
    }
  }
}

/**
 * @param {Happening} happening
 * @param {Model} model
 * @returns {string[]}
 */
function journeysOf(happening, model) {
  switch (happening.kind) {
    case 'published':
    case 'duplicate':
    case 'delayed':
    case 'dead':
      return [happening.kind];
    case 'started':
      return model.payments.get(happening.key)?.state === 'delayed' ? ['returned', 'started'] : ['started'];
    case 'finished':
      return [nodeAfter(happening.result)];
    case 'ended':
      return [nodeAfter(happening.result) === 'charged' ? 'charged later' : 'failed later'];
    default:
      return [];
  }
}

/** @param {ResultFacts} result */
function nodeAfter(result) {
  const state = stateAfter(result);
  return state === 'failed' ? 'declined' : state;
}

/**
 * @param {DOMRect} from
 * @param {DOMRect} to
 * @param {number | undefined} down
 */
function wayBetween(from, to, down) {
  const y = (to.top + to.bottom) / 2;
  if (down !== undefined) {
    const x = from.left + down * from.width;
    const isRight = to.left > x;
    const bend = isRight ? BEND : -BEND;
    return `M${x} ${from.bottom}L${x} ${y - BEND}Q${x} ${y} ${x + bend} ${y}L${isRight ? to.left : to.right} ${y}`;
  }
  if (from.left === to.left) {
    const x = (from.left + from.right) / 2;
    return to.top < from.top ? `M${x} ${from.top}L${x} ${to.bottom}` : `M${x} ${from.bottom}L${x} ${to.top}`;
  }
  const start = (from.top + from.bottom) / 2;
  const half = (to.left - from.right) / 2;
  return `M${from.right} ${start}C${from.right + half} ${start} ${to.left - half} ${y} ${to.left} ${y}`;
}
