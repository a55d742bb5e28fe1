import { byId, html, svg } from './dom.js';
import { counted } from './format.js';
import { CHART_SECONDS } from './model.js';

/** @typedef {import('../activity').Counts} Counts */
/** @typedef {import('./model.js').Model} Model */

/** From bottom to top. @type {{ name: keyof Counts, text: string }[]} */
const SERIES = [
  { name: 'charged', text: 'charged' },
  { name: 'declined', text: 'declined or failed' },
  { name: 'duplicates', text: 'duplicate' },
  { name: 'delayed', text: 'delayed' },
  { name: 'dead', text: 'dead letter' },
];

const HEIGHT = 96;
const FLOOR = 78;
const TOP = 12;
/** So that a single outcome does not fill the height. */
const LOWEST_SCALE = 6;

/** Outcomes of each second of the last minute, in stacked bars. */
export class Chart {
  #picture = byId('chart', SVGSVGElement);
  #shown = '';

  constructor() {
    byId('legend', HTMLElement).append(
      ...SERIES.map(({ name, text }) => html('li', { 'data-tone': name }, text)),
    );
  }

  /** @param {Model} model */
  show(model) {
    const seconds = model.seconds();
    const news = JSON.stringify(seconds);
    if (news === this.#shown) return;
    this.#shown = news;
    const most = Math.max(...seconds.map(sumOf));
    const scale = niceScale(most);
    this.#picture.replaceChildren(
      svg('line', { x1: 0, x2: '100%', y1: TOP, y2: TOP, 'stroke-dasharray': '3 5' }),
      svg('line', { x1: 0, x2: '100%', y1: FLOOR, y2: FLOOR }),
      svg('text', { x: 2, y: TOP - 3 }, `${scale}/s`),
      svg('text', { x: 2, y: HEIGHT - 4 }, 'a minute ago'),
      svg('text', { x: '100%', y: HEIGHT - 4, 'text-anchor': 'end' }, 'now'),
      ...seconds.flatMap((counts, index) => bars(counts, index, scale)),
    );
    this.#picture.setAttribute('aria-label', inWords(seconds, most));
  }
}

/**
 * @param {Counts} counts
 * @param {number} index
 * @param {number} scale
 */
function bars(counts, index, scale) {
  const width = 100 / CHART_SECONDS;
  let bottom = FLOOR;
  return SERIES.filter(({ name }) => counts[name] > 0).map(({ name }) => {
    const height = (counts[name] / scale) * (FLOOR - TOP);
    bottom -= height;
    const place = { x: `${index * width + width * 0.12}%`, width: `${width * 0.76}%`, y: bottom, height };
    return svg('rect', { 'data-tone': name, rx: 1.5, ...place });
  });
}

/** @param {Counts} counts */
function sumOf(counts) {
  return SERIES.reduce((all, { name }) => all + counts[name], 0);
}

/**
 * The next 1, 2 or 5 times a power of ten.
 * @param {number} most
 */
function niceScale(most) {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, most)));
  const steps = [LOWEST_SCALE, power, 2 * power, 5 * power, 10 * power];
  return steps.find((step) => step >= most && step >= LOWEST_SCALE) ?? most;
}

/**
 * @param {Counts[]} seconds
 * @param {number} most
 */
function inWords(seconds, most) {
  const sums = SERIES.map(({ name, text }) => ({
    text,
    count: seconds.reduce((all, counts) => all + counts[name], 0),
  }));
  const parts = sums.filter(({ count }) => count > 0).map(({ text, count }) => `${count} ${text}`);
  if (parts.length === 0) return 'No outcomes in the last minute';
  return `In the last minute: ${parts.join(', ')}. At most ${counted(most, 'outcome')} a second.`;
}
