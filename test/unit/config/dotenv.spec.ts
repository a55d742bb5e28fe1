import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { Environment } from '../../../src/config/environment';
import { parseEnvironment } from '../../../src/config/parse-environment';
import { variableBehind } from '../../../src/config/variable.decorators';

const text = readFileSync(join(__dirname, '../../../.env'), 'utf8');
const values = parseEnv(text);

function namesOfAllVariables(): string[] {
  const properties = [...Object.keys(new Environment()), 'stripeApiBase'];
  return [...new Set(properties)]
    .map((property) => variableBehind(Environment.prototype, property).name)
    .sort();
}

describe('the .env file', () => {
  it('contains every variable and no others', () => {
    expect(Object.keys(values).sort()).toEqual(namesOfAllVariables());
  });

  it('contains values with which the service starts', () => {
    expect(parseEnvironment(values)).toBeInstanceOf(Environment);
  });

  it('explains every variable in the lines above it', () => {
    const unexplained = text
      .split('\n\n')
      .filter((block) => /^[A-Z_]+=/m.test(block) && !/^#.*\n[A-Z_]+=.*\n?$/m.test(block));
    expect(unexplained).toEqual([]);
  });

  it('contains the same defaults as the code', () => {
    const withoutDefaults = {
      RABBITMQ_URL: values.RABBITMQ_URL,
      REDIS_URL: values.REDIS_URL,
      STRIPE_API_KEY: values.STRIPE_API_KEY,
    };
    const stated: Record<string, string> = {};
    for (const [, value = '', name = ''] of text.matchAll(/Default: (\S+)\n(\w+)=/g)) stated[name] = value;
    expect(parseEnvironment({ ...withoutDefaults, ...stated })).toEqual(parseEnvironment(withoutDefaults));
  });
});
