export interface SandboxSettings {
  host: string;
  /** 0 takes a free port. */
  port: number;
  /** `null` keeps the journal in memory only. */
  journalFile: string | null;
  /** Added to every charge and every read. */
  latencyMs: number;
  /** From the beginning to the end of a payment that is `processing` at first. */
  settleAfterMs: number;
  /** Where events are sent; `null`: nowhere. */
  webhook: WebhookTarget | null;
}

export interface WebhookTarget {
  url: string;
  /** Signs every event. */
  secret: string;
}

const dayMs = 86_400_000;

/** Reads `SANDBOX_*`; throws one error that names every wrong variable. */
export function readSettings(env: NodeJS.ProcessEnv): SandboxSettings {
  const problems: string[] = [];
  const integer = (name: string, bounds: { max: number; fallback: number }): number => {
    const text = env[name];
    if (text === undefined || text === '') return bounds.fallback;
    if (/^\d+$/.test(text) && Number(text) <= bounds.max) return Number(text);
    problems.push(`${name} must be an integer from 0 to ${bounds.max}, not "${text}"`);
    return bounds.fallback;
  };
  const settings = {
    host: env.SANDBOX_HOST || '127.0.0.1',
    port: integer('SANDBOX_PORT', { max: 65_535, fallback: 12_111 }),
    journalFile: env.SANDBOX_JOURNAL || null,
    latencyMs: integer('SANDBOX_LATENCY_MS', { max: 600_000, fallback: 0 }),
    settleAfterMs: integer('SANDBOX_SETTLE_AFTER_MS', { max: dayMs, fallback: 5_000 }),
    webhook: readWebhook(env, problems),
  };
  if (problems.length > 0) throw new Error(`The sandbox cannot start: ${problems.join('; ')}.`);
  return settings;
}

function readWebhook(env: NodeJS.ProcessEnv, problems: string[]): WebhookTarget | null {
  const { SANDBOX_WEBHOOK_URL: url = '', SANDBOX_WEBHOOK_SECRET: secret = '' } = env;
  if (url === '') return null;
  if (!isWebAddress(url)) {
    problems.push(
      'SANDBOX_WEBHOOK_URL must be an http or https URL without a user name, or empty for no webhooks',
    );
  }
  if (secret === '') problems.push('SANDBOX_WEBHOOK_SECRET must be set, because SANDBOX_WEBHOOK_URL is');
  return { url, secret };
}

function isWebAddress(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password } = new URL(text);
  return ['http:', 'https:'].includes(protocol) && username === '' && password === '';
}
