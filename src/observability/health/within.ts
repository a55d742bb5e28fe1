/** The work's outcome, or an error if there is none in time. The work itself continues. */
export function within<T>(limitMs: number, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no answer within ${limitMs} ms`)), limitMs);
    void work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
