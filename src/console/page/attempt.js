/** An exception that comes with every look would fill the browser's console. */
const MOST_COMPLAINTS = 20;
let complaints = 0;

/**
 * Does it, and keeps what it throws from stopping everything else that is to be shown.
 * @template T
 * @param {() => T} work
 * @returns {T | undefined} nothing where it failed
 */
export function attempt(work) {
  try {
    return work();
  } catch (error) {
    if (++complaints <= MOST_COMPLAINTS) console.error(error);
    return undefined;
  }
}
