import type { BrokenPromise, History } from '../history';

/** Nothing is locked, delayed, ready or unacknowledged at the end. */
export function nothingLeftOver({ rest }: Pick<History, 'rest'>): BrokenPromise<'nothing left over'>[] {
  const messages = Object.entries(rest.messages).filter(([, count]) => count > 0);
  const texts = [
    ...(rest.settledAfterMs === undefined ? ['the run never came to rest'] : []),
    ...messages.map(([queue, count]) => `${count} messages in ${queue}`),
    ...rest.locks.map((lock) => `a lock that was not released: ${lock}`),
  ];
  return texts.map((text) => ({ rule: 'nothing left over', text }));
}

/** A consumer that is asked to stop exits with 0, and no consumer exits unasked. */
export function consumersExitCleanly({
  ends,
}: Pick<History, 'ends'>): BrokenPromise<'consumers exit cleanly'>[] {
  return ends
    .filter(({ how, code }) => how === 'unasked' || code !== 0)
    .map(({ consumer, how, code, signal, lastOutput }) => ({
      rule: 'consumers exit cleanly',
      text: `${consumer} ended ${how} with ${code ?? signal}: ${lastOutput}`,
    }));
}
