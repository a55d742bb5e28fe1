import { byKey } from '../checker/finding';
import { consumersExitCleanly, nothingLeftOver } from '../checker/rest';
import type { PublishedTransfer, TransferFinding, TransferHistory } from './history';
import { answersIn, isExcused } from './told';
import { openingCents, totalCents } from './transfer';

/** Returns its findings in a history; a good history has none. */
type Check = (history: TransferHistory) => TransferFinding[];

/** At most one effect for each key. */
const doneOnce: Check = ({ atRest }) =>
  [...byKey(atRest.effects)]
    .filter(([, effects]) => effects.length > 1)
    .map(([key, effects]) => ({
      rule: 'done once',
      key,
      text: `${effects.length} transfers: ${JSON.stringify(effects)}`,
    }));

/** Every confirmed transfer was done, or has a remembered error; or PostgreSQL has lost it after it was acknowledged. */
const nothingLost: Check = (history) =>
  missing(history)
    .filter(({ isLost }) => isLost)
    .map(({ key }) => ({
      rule: 'nothing lost',
      key,
      text: 'confirmed, but neither done nor failed for good',
    }));

/** Confirmed transfers without an effect and without a record. */
export function missing(history: TransferHistory): { key: string; isLost: boolean }[] {
  const { published, atRest, losses } = history;
  const done = new Set(atRest.effects.map(({ key }) => key));
  const excused = new Set(
    answersOf(history)
      .filter((answer) => isExcused(answer, losses))
      .map(({ key }) => key),
  );
  return published
    .filter(({ key, confirmedAt }) => confirmedAt !== undefined && !done.has(key) && !atRest.records.has(key))
    .map(({ key }) => ({ key, isLost: !excused.has(key) }));
}

/** The effect is what was published first under its key, and only what cannot be done has a remembered error. */
const asPublished: Check = ({ published, atRest }) => {
  const byName = new Map(published.map((one) => [one.key, one]));
  const wrong = atRest.effects.flatMap((effect): TransferFinding[] => {
    const { key, from, to, cents } = effect;
    const wanted = byName.get(key);
    if (wanted && !wanted.mustFail && isSame(wanted, { from, to, cents })) return [];
    const text = `published ${JSON.stringify(wanted)}, done ${JSON.stringify(effect)}`;
    return [{ rule: 'as published', key, text }];
  });
  const refused = [...atRest.records]
    .filter(([key, { isError }]) => isError && byName.get(key)?.mustFail !== true)
    .map(([key]): TransferFinding => ({
      rule: 'as published',
      key,
      text: 'failed for good without a reason',
    }));
  return [...wrong, ...refused];
};

function isSame(
  { transfer }: PublishedTransfer,
  effect: { from: string; to: string; cents: number },
): boolean {
  return transfer.from === effect.from && transfer.to === effect.to && transfer.cents === effect.cents;
}

/** At any moment, also in the middle of the run, an effect has its record and a record has its effect. */
const together: Check = ({ looks, atRest }) => {
  const halves = [...looks, atRest].flatMap((look) => look.halves.map((key) => ({ key, at: look.at })));
  const first = new Map([...halves].reverse().map(({ key, at }) => [key, at]));
  return [...first].map(([key, at]) => ({
    rule: 'effect and record together',
    key,
    text: `only one of them was there at ${new Date(at).toISOString()}`,
  }));
};

/** What one look has seen, all later ones see, too; unless PostgreSQL has lost it meanwhile. */
const commitsStay: Check = ({ looks, atRest, losses }) => {
  const seenAt = new Map<string, number>();
  return [...looks, atRest].flatMap(({ at, done }): TransferFinding[] => {
    const now = new Set(done);
    const gone = [...seenAt].filter(([key]) => !now.has(key));
    for (const [key] of gone) seenAt.delete(key);
    for (const key of now) seenAt.set(key, seenAt.get(key) ?? at);
    return gone
      .filter(([, since]) => !losses.some(({ from, until }) => from <= since && until <= at))
      .map(([key]) => ({ rule: 'a commit stays', key, text: 'was done, and later it was not' }));
  });
};

/** What a consumer has acknowledged rests on the record that is stored, to the byte. */
const toldIsStored: Check = (history) =>
  answersOf(history)
    .filter((answer) => !isExcused(answer, history.losses))
    .filter(({ key, result }) => !isSameJson(history.atRest.records.get(key)?.result, result))
    .map(({ key, at, result }) => ({
      rule: 'what was told is stored',
      key,
      text: `told ${result} at ${new Date(at).toISOString()}, stored ${history.atRest.records.get(key)?.result ?? 'nothing'}`,
    }));

/** A transfer and its message are one transaction, so whatever has lost one of them has lost both. */
const messagesArrive: Check = ({ atRest, notices }) => {
  const received = new Set(notices.map(({ key }) => key));
  return [...new Set(atRest.effects.map(({ key }) => key))]
    .filter((key) => !received.has(key))
    .map((key) => ({ rule: 'each message arrives', key, text: 'done, and its message has not arrived' }));
};

/** The commit of a message that has arrived can have been lost since. */
const messagesAreTrue: Check = ({ atRest, notices, losses }) => {
  const done = new Set(atRest.effects.map(({ key }) => key));
  return [...new Set(notices.map(({ key }) => key))]
    .filter((key) => !done.has(key) && losses.length === 0)
    .map((key) => ({
      rule: 'no message without its transfer',
      key,
      text: 'not done, and its message has arrived',
    }));
};

/** However often it arrives, its receivers can tell it from others. */
const messageKeys: Check = ({ notices }) => {
  const transfers = new Map(notices.map(({ key, messageKey }) => [messageKey, key]));
  return [...byKey(notices)]
    .filter(([key, own]) =>
      own.some(({ messageKey }) => messageKey !== own[0]?.messageKey || transfers.get(messageKey) !== key),
    )
    .map(([key, own]) => ({
      rule: 'one key for each message',
      key,
      text: `its message had ${JSON.stringify(own)}`,
    }));
};

const sumIsConstant: Check = ({ looks, atRest }) =>
  [...looks, atRest]
    .filter(({ sumCents }) => sumCents !== totalCents)
    .map(({ at, sumCents }) => ({
      rule: 'the sum is constant',
      text: `${sumCents} instead of ${totalCents} cents at ${new Date(at).toISOString()}`,
    }));

const balancesAddUp: Check = ({ atRest }) =>
  [...atRest.balances].flatMap(([account, balance]): TransferFinding[] => {
    const moved = atRest.effects.reduce(
      (sum, { from, to, cents }) => sum + (to === account ? cents : 0) - (from === account ? cents : 0),
      0,
    );
    if (balance === openingCents + moved) return [];
    const text = `${account} has ${balance} cents, and by its transfers ${openingCents + moved}`;
    return [{ rule: 'balances add up', text }];
  });

const oneOwner: Check = ({ atRest }) =>
  atRest.takenLeases.map(({ key, leftMs }) => ({
    rule: 'one owner at a time',
    key,
    text: `claimed again ${leftMs} ms before the end of the lease`,
  }));

const checks: readonly Check[] = [
  doneOnce,
  nothingLost,
  asPublished,
  together,
  commitsStay,
  toldIsStored,
  messagesArrive,
  messagesAreTrue,
  messageKeys,
  sumIsConstant,
  balancesAddUp,
  oneOwner,
  nothingLeftOver,
  consumersExitCleanly,
];

/** Every promise that the history breaks; empty if the run succeeded. */
export function checkTransfers(history: TransferHistory): TransferFinding[] {
  return checks.flatMap((oneCheck) => oneCheck(history));
}

function answersOf({ told }: TransferHistory): ReturnType<typeof answersIn> {
  return told.flatMap(answersIn);
}

/** PostgreSQL orders the fields of an object in its own way. */
function isSameJson(one: string | undefined, other: string): boolean {
  return one !== undefined && sorted(one) === sorted(other);
}

function sorted(json: string): string {
  const value: unknown = JSON.parse(json);
  return typeof value === 'object' && value !== null
    ? JSON.stringify(Object.entries(value).sort(([one], [other]) => one.localeCompare(other)))
    : JSON.stringify(value);
}
