import { setTimeout as sleep } from 'node:timers/promises';
import type { Consumer, Special } from './consumer';
import type { FaultyProxy, NetworkTrouble } from './proxy';

/** What every workload does to its consumers, to their connections and to servers. */

export async function killAndReplace(consumer: Consumer<string>, special?: Special): Promise<void> {
  await consumer.kill();
  await consumer.start(special);
}

export async function freezeFor(
  frozen: { freeze(): void | Promise<void>; thaw(): void | Promise<void> },
  forMs: number,
): Promise<void> {
  await frozen.freeze();
  await sleep(forMs);
  await frozen.thaw();
}

export async function disturbFor(proxy: FaultyProxy, trouble: NetworkTrouble, forMs: number): Promise<void> {
  proxy.begin(trouble);
  await sleep(forMs);
  proxy.end();
}

export function consumerTarget(consumer: number): string {
  return `consumer ${consumer}`;
}

export function consumerAt<D extends string>(
  consumers: readonly Consumer<D>[],
  position: number,
): Consumer<D> {
  const consumer = consumers[position];
  if (consumer === undefined) throw new Error(`consumer ${position} does not exist`);
  return consumer;
}
