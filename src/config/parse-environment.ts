import { plainToInstance } from 'class-transformer';
import { validateSync } from 'class-validator';
import { Environment } from './environment';
import { contradictions } from './environment.rules';
import { InvalidEnvironmentError } from './invalid-environment.error';
import { readSecretFiles } from './secret-files';
import { variableBehind } from './variable.decorators';

/**
 * Turns variables into an `Environment`. An empty variable counts as not set.
 * @throws InvalidEnvironmentError which names every wrong variable.
 */
export function parseEnvironment(variables: Readonly<Record<string, string | undefined>>): Environment {
  const files = readSecretFiles(variables);
  const given = withoutEmpty({ ...variables, ...files.values });
  const environment = plainToInstance(
    Environment,
    { ...defaultsFor(given.NODE_ENV), ...given },
    {
      excludeExtraneousValues: true,
      exposeDefaultValues: true,
    },
  );
  const wrong = validateSync(environment, { stopAtFirstError: true });
  const problems = [
    ...files.problems,
    ...wrong.map(({ property }) => describe(property, given)),
    ...contradictions(environment),
  ];
  if (problems.length > 0) throw new InvalidEnvironmentError(problems);
  return environment;
}

function defaultsFor(nodeEnv: string | undefined) {
  // Production gets probes and scrapes from other machines; a developer's machine should not be reachable from outside.
  // Not `::`, because listening on it fails where IPv6 is switched off.
  return nodeEnv === 'production'
    ? { HOST: '0.0.0.0', DEV_ENDPOINTS: 'false', REQUIRE_TIMESTAMP: 'true' }
    : { HOST: '127.0.0.1', DEV_ENDPOINTS: 'true', REQUIRE_TIMESTAMP: 'false' };
}

function describe(property: string, given: Record<string, string>): string {
  const { name, allowed, secret } = variableBehind(Environment.prototype, property);
  const value = given[name];
  if (value === undefined) return `${name} is missing; it must be ${allowed}`;
  return `${name} must be ${allowed}, but is ${secret ? 'something else (not shown: it may be secret)' : quote(value)}`;
}

function quote(value: string): string {
  const longest = 80;
  return JSON.stringify(value.length > longest ? `${value.slice(0, longest)}…` : value);
}

function withoutEmpty(variables: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const given: Record<string, string> = {};
  for (const [name, value] of Object.entries(variables)) {
    const trimmed = value?.trim();
    if (trimmed) given[name] = trimmed;
  }
  return given;
}
