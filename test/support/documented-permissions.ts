import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Permissions } from './management';

const page = readFileSync(resolve(__dirname, '../../docs/operations/running.md'), 'utf8');

/** The rules of `user <name> on >PASSWORD …` that the page gives for `users.acl`. */
export function documentedAcl(name: string): string[] {
  const rules = new RegExp(`^user ${name} on >PASSWORD (.+)$`, 'm').exec(page)?.[1];
  if (rules === undefined) throw new Error(`the page has no line for the Redis user ${name}`);
  return rules.split(' ');
}

/** The three expressions of `rabbitmqctl set_permissions <name> …`. */
export function documentedPermissions(name: string): Permissions {
  const line = new RegExp(`^rabbitmqctl set_permissions ${name} '(.+)' '(.+)' '(.+)'$`, 'm').exec(page);
  const [, configure = '', write = '', read = ''] = line ?? [];
  if (line === null) throw new Error(`the page has no permissions for the RabbitMQ user ${name}`);
  return { configure, write, read };
}
