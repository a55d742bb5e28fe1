export interface SandboxSettings {
  host: string;
  /** 0 takes a free port. */
  port: number;
  /** `null` keeps the journal in memory only. */
  journalFile: string | null;
  /** Added to every charge and every read. */
  latencyMs: number;
}

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
  };
  if (problems.length > 0) throw new Error(`The sandbox cannot start: ${problems.join('; ')}.`);
  return settings;
}
