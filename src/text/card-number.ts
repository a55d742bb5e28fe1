/** 13 to 19 digits, perhaps in groups, that pass the Luhn check (ISO/IEC 7812-1): most likely a card number. */
export function looksLikeCardNumber(text: string): boolean {
  const digits = text.replace(/[ -]/g, '');
  return /^\d{13,19}$/.test(digits) && luhnSum(digits) % 10 === 0;
}

/**
 * 13 to 19 digits within a text, without separators or in the groups printed on cards. Card numbers begin with 2 to 6,
 * which excludes times in milliseconds; letters next to the digits mean a hash.
 */
const WITHIN_TEXT =
  /(?<![\dA-Za-z])[2-6]\d{3}(?:\d{9,15}|([ -])\d{4}\1\d{4}\1\d{1,7}|([ -])\d{6}\2\d{5})(?![\dA-Za-z])/g;

/** Replaces every card number in a text. */
export function replaceCardNumbers(text: string, replacement: string): string {
  return text.replace(WITHIN_TEXT, (found) => (looksLikeCardNumber(found) ? replacement : found));
}

function luhnSum(digits: string): number {
  return [...digits].reverse().reduce((sum, digit, position) => {
    const value = position % 2 === 0 ? Number(digit) : 2 * Number(digit);
    return sum + (value > 9 ? value - 9 : value);
  }, 0);
}
