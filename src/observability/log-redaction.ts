/**
 * Makes a function that removes from a finished log line what no log may hold: credentials, card data, e-mail
 * addresses. It works on the text, so it does not matter how deep in an object or an error a secret stands.
 *
 * @param secrets exact values to remove, for keys whose form nobody can recognise
 */
export function redactor(secrets: readonly string[]): (line: string) => string {
  // Shorter ones occur in ordinary words.
  const recognisable = secrets.filter((secret) => secret.length >= 8);
  return (line) => {
    let redacted = line;
    for (const secret of recognisable) redacted = redacted.replaceAll(secret, REDACTED);
    return redacted
      .replace(CREDENTIALS_IN_URL, `://${REDACTED}@`)
      .replace(SECRET_FIELD, `$1"${REDACTED}"`)
      .replace(GATEWAY_KEY, `$1${REDACTED}`)
      .replace(EMAIL_ADDRESS, REDACTED)
      .replace(CARD_NUMBER, (digits) => (passesLuhn(digits) ? REDACTED : digits));
  };
}

const REDACTED = '[redacted]';

const CREDENTIALS_IN_URL = /:\/\/[^\s/@"]+@/g;

const SECRET_FIELD =
  /("(?:authorization|(?:set-)?cookie|password|card_?number|cvc|cvv|api_?key|client_?secret)":)(?:"(?:[^"\\]|\\.)*"|-?[\d.]+)/gi;

const GATEWAY_KEY = /\b((?:sk|rk)_(?:live|test)_)\w+/g;

/** The look-behind keeps it linear on long words: no match is tried from their middle. */
const EMAIL_ADDRESS = /(?<![\w.+-])[\w.+-]{1,64}@(?:[\w-]+\.)+[A-Za-z]{2,}/g;

/**
 * 13 to 19 digits, bare or in the groups printed on cards. Issuers' numbers begin with 2 to 6, which spares times in
 * milliseconds; letters around the digits mean a hash.
 */
const CARD_NUMBER =
  /(?<![\dA-Za-z])[2-6]\d{3}(?:\d{9,15}|([ -])\d{4}\1\d{4}\1\d{1,7}|([ -])\d{6}\2\d{5})(?![\dA-Za-z])/g;

/** The checksum that every card number has and nine of ten other numbers have not. */
function passesLuhn(text: string): boolean {
  const digits = text.replace(/\D/g, '').split('').reverse().map(Number);
  const sum = digits.reduce((total, digit, place) => {
    if (place % 2 === 0) return total + digit;
    return total + (digit > 4 ? digit * 2 - 9 : digit * 2);
  }, 0);
  return sum % 10 === 0;
}
