import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { createTransport } from 'nodemailer';
import { Environment } from '../config/environment';
import { smtpError } from './smtp-errors';

export interface Mail {
  readonly to: string;
  readonly messageId: string;
  readonly subject: string;
  readonly text: string;
  /** Aborts sending; whether the mail server has taken the message is then unknown. */
  readonly signal: AbortSignal;
}

/** A mail server that does not answer must not delay a message, and so a shutdown, for minutes. */
const CONNECT_TIMEOUT_MS = 10_000;
const SILENCE_TIMEOUT_MS = 30_000;
/** Mail servers limit the connections of one client; more e-mails wait. */
const MAX_CONNECTIONS = 5;

/** Sends e-mails through a mail server. */
@Injectable()
export class Mailer implements OnApplicationShutdown {
  private readonly transport;

  constructor(private readonly environment: Environment) {
    const { smtpUrl, nodeEnv, allowInsecureUrls } = environment;
    this.transport = createTransport({
      url: smtpUrl,
      pool: true,
      maxConnections: MAX_CONNECTIONS,
      // No retries of nodemailer: ours are counted, have a backoff and survive a crash.
      maxRequeues: 0,
      requireTLS: nodeEnv === 'production' && !allowInsecureUrls,
      connectionTimeout: CONNECT_TIMEOUT_MS,
      greetingTimeout: CONNECT_TIMEOUT_MS,
      socketTimeout: SILENCE_TIMEOUT_MS,
      disableFileAccess: true,
      disableUrlAccess: true,
    });
  }

  get sender(): string {
    return this.environment.receiptFrom;
  }

  /**
   * Resolves when the mail server has taken responsibility for the message.
   *
   * @throws SmtpError
   */
  async send({ to, ...mail }: Mail): Promise<void> {
    try {
      await this.transport.sendMail({
        ...mail,
        from: { name: '', address: this.sender },
        // An object, because a string would be parsed and could become several recipients.
        to: { name: '', address: to },
        headers: { 'Auto-Submitted': 'auto-generated' },
      });
    } catch (error) {
      throw smtpError(error);
    }
  }

  onApplicationShutdown(): void {
    this.transport.close();
  }
}
