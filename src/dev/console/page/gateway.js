import { call, isObject, messageOf } from './api.js';
import { byId, say } from './dom.js';

/** Another page or another client may change it, too. */
const LOOK_EVERY_MS = 5_000;

/** Shows and changes how the sandbox treats charges, if the gateway is the sandbox. */
export class Gateway {
  #fields = byId('gateway', HTMLFieldSetElement);
  #outcome = byId('gateway-outcome', HTMLElement);

  constructor() {
    this.#fields.addEventListener('change', ({ target }) => {
      if (target instanceof HTMLInputElement) void this.#set(target.value);
    });
    setInterval(() => void this.look(), LOOK_EVERY_MS);
  }

  async look() {
    try {
      this.#show(await call('GET', 'console/gateway'));
    } catch {
      // The banner shows the problem.
      this.#fields.disabled = true;
    }
  }

  /** @param {string} mode */
  async #set(mode) {
    try {
      this.#show(await call('PUT', 'console/gateway', { body: { mode } }));
    } catch (error) {
      say(this.#outcome, 'error', messageOf(error));
      await this.look();
    }
  }

  /** @param {unknown} state */
  #show(state) {
    if (!isObject(state)) return;
    const isSandbox = state.kind === 'sandbox';
    this.#fields.disabled = !isSandbox;
    for (const input of this.#fields.querySelectorAll('input')) input.checked = input.value === state.mode;
    if (isSandbox) {
      const isCustom = state.mode === 'custom';
      say(
        this.#outcome,
        'done',
        isCustom ? 'Other faults were set by hand; a choice here replaces them.' : '',
      );
    } else {
      say(this.#outcome, 'error', `Not available: ${String(state.detail)}.`);
    }
  }
}
