const FIRST_AFTER_MS = 2_000;
const AGAIN_AFTER_MS = 10_000;

/** Prints progress to standard error while work takes long. Standard output is only for the result. */
export async function whileShowing<T>(what: () => string, work: Promise<T>): Promise<T> {
  const startedAtMs = performance.now();
  const report = () => {
    console.error(`… ${what()} (${Math.round((performance.now() - startedAtMs) / 1000)} s)`);
    timer = setTimeout(report, AGAIN_AFTER_MS);
  };
  let timer = setTimeout(report, FIRST_AFTER_MS);
  try {
    return await work;
  } finally {
    clearTimeout(timer);
  }
}
