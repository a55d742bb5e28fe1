import { NodeProcess } from './child-process';
import { isJsonObject, parseJsonObject } from './json';
import type { JsonObject } from './json';
import type { World } from './world';

interface Reconciled {
  code: number | null;
  output: string;
}

/** The program behind `npm run reconcile`, without the build step, in the world of a spec. */
export class ReconcileCommand {
  constructor(private readonly world: World) {}

  async run(args: string[] = [], env: Record<string, string> = {}): Promise<Reconciled> {
    const command = new NodeProcess('dist/operations/reconciliation/main.js', {
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

  /** The `--json` report. */
  async report(...args: string[]): Promise<{ code: number | null; report: JsonObject }> {
    const { code, output } = await this.run([...args, '--json']);
    const report = parseJsonObject(output);
    if (!report) throw new Error(`the report is not JSON (exit code ${code}):\n${output}`);
    return { code, report };
  }
}

/** The kinds of problems of each broken payment in a report, by key. */
export function problemsByKey({ broken }: JsonObject): Record<string, unknown[]> {
  if (!Array.isArray(broken)) throw new Error('the report lists no broken payments');
  return Object.fromEntries(
    broken.filter(isJsonObject).map(({ idempotencyKey, problems }) => {
      const kinds = Array.isArray(problems) ? problems.filter(isJsonObject).map(({ kind }) => kind) : [];
      return [String(idempotencyKey), kinds];
    }),
  );
}
