import { attempt } from './attempt.js';
import { Chart } from './chart.js';
import { DeadLetters } from './dead-letters.js';
import { byId, setText } from './dom.js';
import { Flow } from './flow.js';
import { counted } from './format.js';
import { Gateway } from './gateway.js';
import { Health } from './health.js';
import { Live } from './live.js';
import { Model } from './model.js';
import { PaymentList } from './payment-list.js';
import { Publisher } from './publisher.js';
import { Summary } from './summary.js';

/** @typedef {import('../activity').LiveEvent} LiveEvent */

/** Countdowns and the chart change even without new events. */
const TICK_MS = 200;

const model = new Model();
const publisher = new Publisher();
const flow = new Flow();
const chart = new Chart();
const summary = new Summary();
const payments = new PaymentList((story) => publisher.repeat(story));
const deadLetters = new DeadLetters();
const gateway = new Gateway();
const live = new Live({ event: receive, state: showConnection });
const health = new Health(() => live.connect());

let isNews = true;
let isAlive = false;

/** @param {LiveEvent} event */
function receive(event) {
  isNews = true;
  switch (event.type) {
    case 'snapshot':
      return model.reset(event.data);
    case 'report':
      attempt(() => flow.animate(event.data.report, model));
      return model.apply(event.data.report, event.data.totals);
    case 'queues':
      model.setDepths(event.data.depths);
      return deadLetters.expect(model.deadLetters);
    case 'heartbeat':
  }
}

/** @param {import('./live.js').ConnectionState} state */
function showConnection(state) {
  const place = byId('connection', HTMLElement);
  if (place.dataset.state === state) return;
  place.dataset.state = state;
  health.setReachable(state === 'live');
  if (state === 'live') void gateway.look();
  isNews = true;
}

function show() {
  const { names } = model.processes;
  const isLive = byId('connection', HTMLElement).dataset.state === 'live';
  const text = isLive ? `live, ${counted(names.length, 'process', 'processes')}` : 'no connection';
  setText(byId('connection-text', HTMLElement), text);
  byId('connection', HTMLElement).title = names.join('\n');
  for (const part of [summary, flow, chart]) attempt(() => part.show(model));
  if (isNews || isAlive) isAlive = attempt(() => payments.show(model)) ?? false;
  isNews = false;
}

live.connect();
void gateway.look();
void health.look();
show();
setInterval(() => {
  if (!document.hidden) show();
}, TICK_MS);
