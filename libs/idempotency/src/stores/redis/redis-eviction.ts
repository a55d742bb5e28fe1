import type { Redis } from 'ioredis';
import { messageOf } from '../../engine/failure';
import type { StoreWarning } from '../idempotency-store';

const POLICY = /^maxmemory_policy:(\S+)/m;

/**
 * Warns of a server that may evict records. Asks with `INFO`, because managed servers forbid `CONFIG`. Never rejects: a
 * server that does not answer is one of which nothing is known.
 */
export async function evictionWarning(server: Redis): Promise<StoreWarning | undefined> {
  const where = whereIs(server);
  let info: string;
  try {
    info = await server.info('memory');
  } catch (error) {
    return unknown(where, messageOf(error));
  }
  const policy = POLICY.exec(info)?.[1];
  if (policy === undefined) return unknown(where, 'INFO does not report its maxmemory-policy');
  if (policy === 'noeviction') return undefined;
  return {
    code: 'may-evict',
    message:
      `Redis at ${where} may evict records: its maxmemory-policy is ${policy}, so finished work may be repeated; ` +
      'set maxmemory-policy to noeviction',
  };
}

function unknown(where: string, reason: string): StoreWarning {
  return {
    code: 'eviction-unknown',
    message:
      `Redis at ${where} does not say whether it evicts records: ${reason}; permit INFO to its user, so that ` +
      'maxmemory-policy noeviction can be verified',
  };
}

function whereIs({ options }: Redis): string {
  if (options.sentinels) return `the master '${options.name ?? ''}' of the sentinels`;
  return options.path ?? `${options.host ?? ''}:${options.port ?? ''}`;
}
