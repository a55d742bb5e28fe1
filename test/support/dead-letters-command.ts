import { NodeProcess } from './child-process';
import { isJsonObject } from './json';
import type { JsonObject } from './json';

/** The program behind `npm run dead-letters`, without the build step. */
export class DeadLettersCommand {
  /** Only a replay needs `redis`. */
  constructor(
    private readonly broker: () => { url: string },
    private readonly redis?: () => { url: string },
  ) {}

  async run(...args: string[]): Promise<{ code: number | null; output: string }> {
    const command = new NodeProcess('dist/operations/dead-letters/main.js', {
      name: 'dead-letters',
      env: { RABBITMQ_URL: this.broker().url, ...(this.redis && { REDIS_URL: this.redis().url }) },
      args,
    });
    const { code } = await command.exited;
    return { code, output: command.output };
  }

  /** Its `--json` document; any other output or a failure fails the test. */
  async json(...args: string[]): Promise<unknown> {
    const { code, output } = await this.run(...args, '--json');
    if (code !== 0) throw new Error(`${args.join(' ')} ended with code ${code}:\n${output}`);
    const value: unknown = JSON.parse(output);
    return value;
  }

  async list(): Promise<JsonObject[]> {
    const list = await this.json('list');
    if (isJsonObject(list) && Array.isArray(list.deadLetters)) return list.deadLetters.filter(isJsonObject);
    throw new Error(`the output is not a list: ${JSON.stringify(list)}`);
  }

  /** The id of the only dead letter with these fields. */
  async idOf(fields: JsonObject): Promise<string> {
    const found = (await this.list()).filter((letter) =>
      Object.entries(fields).every(([name, value]) => letter[name] === value),
    );
    expect(found).toMatchObject([fields]);
    return String(found[0]?.id);
  }
}
