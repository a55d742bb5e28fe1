import { NodeProcess } from './child-process';
import { isJsonObject, parseJsonObject } from './json';
import type { JsonObject } from './json';
import type { World } from './world';

interface Reconciled {
  code: number | null;
  output: string;
}

/** What `npm run reconcile` runs, once everything is built, in the world of a spec. */
export class ReconcileCommand {
  constructor(private readonly world: World) {}

  async run(args: string[] = [], env: Record<string, string> = {}): Promise<Reconciled> {
    const command = new NodeProcess('dist/reconciliation/main.js', {
      name: 'reconcile',
      env: {
        RABBITMQ_URL: this.world.broker.url,
        REDIS_URL: this.world.redis.url,
        STRIPE_API_BASE: this.world.sandbox.url,
        STRIPE_API_KEY: 'sk_test_reconcile_canary',
        ...env,
      },
      args,
    });
    const { code } = await command.exited;
    return { code, output: command.output };
  }

  /** The report for programs. */
  async report(...args: string[]): Promise<{ code: number | null; report: JsonObject }> {
    const { code, output } = await this.run([...args, '--json']);
    const report = parseJsonObject(output);
    if (!report) throw new Error(`the report is no JSON, and the code ${code}:\n${output}`);
    return { code, report };
  }
}

/** The kinds of what is wrong with each broken payment of a report, by its key. */
export function problemsByKey({ broken }: JsonObject): Record<string, unknown[]> {
  if (!Array.isArray(broken)) throw new Error('the report lists no broken payments');
  return Object.fromEntries(
    broken.filter(isJsonObject).map(({ idempotencyKey, problems }) => {
      const kinds = Array.isArray(problems) ? problems.filter(isJsonObject).map(({ kind }) => kind) : [];
      return [String(idempotencyKey), kinds];
    }),
  );
}
