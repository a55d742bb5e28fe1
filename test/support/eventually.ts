export interface Patience {
  withinMs?: number;
  everyMs?: number;
}

/**
 * Repeats `check` until it holds, and returns its value. A check that throws (for instance a failed `expect`) or returns
 * `false` does not hold yet. After `withinMs` (default 15 s) the last failure is thrown.
 */
export async function eventually<T>(check: () => T | Promise<T>, patience: Patience = {}): Promise<T> {
  const { withinMs = 15_000, everyMs = 50 } = patience;
  const deadline = Date.now() + withinMs;
  for (;;) {
    const failure = await attempt(check);
    if (failure.kind === 'held') return failure.value;
    if (Date.now() >= deadline) throw failure.error;
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}

type Attempt<T> = { kind: 'held'; value: T } | { kind: 'failed'; error: unknown };

async function attempt<T>(check: () => T | Promise<T>): Promise<Attempt<T>> {
  try {
    const value = await check();
    return value === false
      ? { kind: 'failed', error: new Error(`not true in time: ${String(check)}`) }
      : { kind: 'held', value };
  } catch (error) {
    return { kind: 'failed', error };
  }
}
