/** Why a mail server did not take an e-mail. */
export type SmtpFailure =
  /** Unreachable, overloaded, login refused, or "try again later". */
  | 'unavailable'
  /** It will never take this message to this recipient. */
  | 'rejected';

/**
 * The mail server did not take an e-mail. The original text and cause are left out: servers quote e-mail addresses in their
 * answers, which must not get into logs and dead letters.
 */
export class SmtpError extends Error {
  override readonly name = 'SmtpError';

  constructor(
    readonly failure: SmtpFailure,
    message: string,
  ) {
    super(message);
  }
}

/** Errors after these commands are about the message; after others, such as the login, about the client or the server. */
const ABOUT_THE_MESSAGE = new Set(['MAIL FROM', 'RCPT TO', 'DATA']);

/** What an error of nodemailer means for the e-mail. */
export function smtpError(error: unknown): SmtpError {
  const { code, originalCode, responseCode, permanent, command } = factsOf(error);
  const facts = [originalCode ?? code, responseCode, command && `after ${command}`];
  const known = facts.filter(Boolean).join(' ') || 'an unknown error';
  // An error of nodemailer itself, not of the server: the address cannot be used as a recipient.
  const isInvalidAddress = code === 'EENVELOPE' && responseCode === undefined;
  if (isInvalidAddress || (permanent && ABOUT_THE_MESSAGE.has(command ?? ''))) {
    return new SmtpError('rejected', `the mail server rejects the receipt: ${known}`);
  }
  return new SmtpError('unavailable', `the mail server did not take the receipt: ${known}`);
}

interface Facts {
  readonly code?: string;
  readonly originalCode?: string;
  readonly responseCode?: number;
  readonly permanent: boolean;
  readonly command?: string;
}

function factsOf(error: unknown): Facts {
  if (typeof error !== 'object' || error === null) return { permanent: false };
  return {
    ...('code' in error && typeof error.code === 'string' && { code: error.code }),
    ...('originalCode' in error &&
      typeof error.originalCode === 'string' && { originalCode: error.originalCode }),
    ...('responseCode' in error &&
      typeof error.responseCode === 'number' && { responseCode: error.responseCode }),
    permanent: 'permanent' in error && error.permanent === true,
    ...('command' in error && typeof error.command === 'string' && { command: error.command }),
  };
}
