import type { Check } from './finding';

/** Nothing is locked, delayed, ready or unacknowledged when all is done. */
export const nothingLeftOver: Check = ({ rest }) => {
  const messages = Object.entries(rest.messages).filter(([, count]) => count > 0);
  const texts = [
    ...(rest.settledAfterMs === undefined ? ['the run never came to rest'] : []),
    ...messages.map(([queue, count]) => `${count} messages in ${queue}`),
    ...rest.locks.map((lock) => `held for nobody: ${lock}`),
  ];
  return texts.map((text) => ({ rule: 'nothing left over', text }));
};

/** A consumer that is asked to stop ends with 0, and none ends unasked. */
export const consumersEndWell: Check = ({ ends }) =>
  ends
    .filter(({ how, code }) => how === 'by itself' || code !== 0)
    .map(({ consumer, how, code, signal, lastWords }) => ({
      rule: 'consumers end well',
      text: `${consumer} ended ${how} with ${code ?? signal}: ${lastWords}`,
    }));
