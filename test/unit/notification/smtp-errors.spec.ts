import { SmtpError, smtpError } from '../../../src/notification/smtp-errors';

/** An error as nodemailer makes it, with the server's answer in its text. */
function mailError(facts: object): Error {
  return Object.assign(new Error('550 <customer@example.com> unknown'), facts);
}

describe('a permanent error about the message', () => {
  it.each([
    { code: 'EENVELOPE', responseCode: 550, permanent: true, command: 'RCPT TO' },
    { code: 'EENVELOPE', responseCode: 553, permanent: true, command: 'MAIL FROM' },
    { code: 'EMESSAGE', responseCode: 554, permanent: true, command: 'DATA' },
    { code: 'EENVELOPE', command: 'API' },
  ])('is rejected: $responseCode after $command', (facts) => {
    expect(smtpError(mailError(facts)).failure).toBe('rejected');
  });
});

describe('an error after which the mail server may take the message later', () => {
  it.each([
    { code: 'EENVELOPE', responseCode: 451, permanent: false, command: 'RCPT TO' },
    { code: 'EENVELOPE', responseCode: 503, permanent: false, command: 'MAIL FROM' },
    { code: 'EAUTH', responseCode: 535, permanent: true, command: 'AUTH PLAIN' },
    { code: 'EPROTOCOL', responseCode: 554, permanent: true, command: 'CONN' },
    { code: 'ESOCKET', originalCode: 'ECONNREFUSED', command: 'CONN' },
    { code: 'ETIMEDOUT', command: 'CONN' },
    { code: 'EDNS' },
    {},
  ])('is unavailable: $code $responseCode after $command', (facts) => {
    expect(smtpError(mailError(facts)).failure).toBe('unavailable');
  });

  it.each([undefined, null, 'a text', 7])('is unavailable when %p was thrown', (thrown) => {
    expect(smtpError(thrown)).toBeInstanceOf(SmtpError);
    expect(smtpError(thrown).failure).toBe('unavailable');
  });
});

describe('the text of a failure', () => {
  const error = smtpError(
    mailError({ code: 'EENVELOPE', responseCode: 550, permanent: true, command: 'RCPT TO' }),
  );

  it('has the code and the SMTP command', () => {
    expect(error.message).toContain('550 after RCPT TO');
  });

  it("does not have the server's text, which quotes addresses", () => {
    expect([error.message, error.stack, String(error.cause)].join('\n')).not.toContain(
      'customer@example.com',
    );
  });

  it('has the error code of the system if no server answered', () => {
    const refused = mailError({ code: 'ESOCKET', originalCode: 'ECONNREFUSED', command: 'CONN' });
    expect(smtpError(refused).message).toContain('ECONNREFUSED');
  });
});
