import type { History } from '../history';
import { deadLettersAreRight } from './dead-letters';
import type { Check, Finding } from './finding';
import { asPublished, chargedOnce, nothingLost } from './gateway';
import { eachEndIsTold, ledgerAgrees, noStateGoesBack, recordsAgreeWithLedger } from './ledger';
import { recordsAgree, resultsOnlyGoForward, tokensGrow } from './records';
import { consumersExitCleanly, nothingLeftOver } from './rest';

const checks: readonly Check[] = [
  chargedOnce,
  nothingLost,
  asPublished,
  recordsAgree,
  resultsOnlyGoForward,
  tokensGrow,
  ledgerAgrees,
  recordsAgreeWithLedger,
  noStateGoesBack,
  eachEndIsTold,
  deadLettersAreRight,
  nothingLeftOver,
  consumersExitCleanly,
];

/** Every promise that the history breaks; empty if the run succeeded. */
export function check(history: History): Finding[] {
  return checks.flatMap((oneCheck) => oneCheck(history));
}
