import { call, isObject, messageOf } from './api.js';
import { byId, say } from './dom.js';

/** Another page, or somebody at a terminal, may change it too. */
const LOOK_EVERY_MS = 5_000;

/** How the gateway's stand-in behaves, where there is one. */
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
      // The banner says it.
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
        isCustom ? 'It has been told something else by hand; a choice here replaces it.' : '',
      );
    } else {
      say(this.#outcome, 'error', `Nothing to choose: ${String(state.detail)}.`);
    }
  }
}
