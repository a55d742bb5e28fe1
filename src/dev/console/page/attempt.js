/** An exception on every refresh would fill the browser's console. */
const MAX_LOGGED = 20;
let logged = 0;

/**
 * Runs `work`; an exception is logged and does not stop the rest of the page.
 * @template T
 * @param {() => T} work
 * @returns {T | undefined} undefined if it threw
 */
export function attempt(work) {
  try {
    return work();
  } catch (error) {
    if (++logged <= MAX_LOGGED) console.error(error);
    return undefined;
  }
}
