import { replaceCardNumbers } from '../../text/card-number';

/**
 * Returns a function that removes credentials, card data and e-mail addresses from a finished log line. It works on the
 * text, so it finds a secret however deep in an object or an error it is.
 *
 * @param secrets exact values to remove, for keys without a recognisable form
 */
export function redactor(secrets: readonly string[]): (line: string) => string {
  // Shorter secrets could be part of ordinary words.
  const longSecrets = secrets.filter((secret) => secret.length >= 8);
  return (line) => {
    let redacted = line;
    for (const secret of longSecrets) redacted = redacted.replaceAll(secret, REDACTED);
    // Most lines have none, and then two of the searches are needless.
    const hasAt = redacted.includes('@');
    if (hasAt) redacted = redacted.replace(CREDENTIALS_IN_URL, `://${REDACTED}@`);
    redacted = redacted.replace(SECRET_FIELD, `$1"${REDACTED}"`).replace(GATEWAY_KEY, `$1${REDACTED}`);
    if (hasAt) redacted = redacted.replace(EMAIL_ADDRESS, REDACTED);
    return replaceCardNumbers(redacted, REDACTED);
  };
}

const REDACTED = '[redacted]';

const CREDENTIALS_IN_URL = /:\/\/[^\s/@"]+@/g;

const SECRET_FIELD =
  /("(?:authorization|(?:set-)?cookie|password|card_?number|cvc|cvv|api_?key|client_?secret)":)(?:"(?:[^"\\]|\\.)*"|-?[\d.]+)/gi;

const GATEWAY_KEY = /\b((?:sk|rk)_(?:live|test)_)\w+/g;

/** The look-behind keeps it linear on long words: no match starts in their middle. */
const EMAIL_ADDRESS = /(?<![\w.+-])[\w.+-]{1,64}@(?:[\w-]+\.)+[A-Za-z]{2,}/g;
