const FIRST_AFTER_MS = 2_000;
const AGAIN_AFTER_MS = 10_000;

/** Says on standard error that work is under way, if it takes long. Standard output is the result's. */
export async function whileShowing<T>(what: () => string, work: Promise<T>): Promise<T> {
  const startedAtMs = performance.now();
  const say = () => {
    console.error(`… ${what()} (${Math.round((performance.now() - startedAtMs) / 1000)} s)`);
    timer = setTimeout(say, AGAIN_AFTER_MS);
  };
  let timer = setTimeout(say, FIRST_AFTER_MS);
  try {
    return await work;
  } finally {
    clearTimeout(timer);
  }
}
