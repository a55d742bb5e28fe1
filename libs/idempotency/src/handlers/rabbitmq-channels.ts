import { AmqpConnection } from '@golevelup/nestjs-rabbitmq';
import type { ModulesContainer } from '@nestjs/core';
import type { Channel } from 'amqplib';
import { acknowledgeTogether } from './joint-acknowledgements';

/** The connections that the application's modules provide. */
export function connectionsOf(modules: ModulesContainer): AmqpConnection[] {
  const wrappers = [...modules.values()].flatMap(({ providers }) => [...providers.values()]);
  const instances = wrappers.map(({ instance }): unknown => instance);
  return [...new Set(instances.filter((instance) => instance instanceof AmqpConnection))];
}

/**
 * Lets every channel of the connections acknowledge together, now and after each reconnection. @golevelup consumes when the
 * application bootstraps, so before that the setups of its subscribers come after this one.
 */
export async function acknowledgeAllTogether(modules: ModulesContainer): Promise<void> {
  const wrappers = connectionsOf(modules).flatMap(({ managedChannels }) => Object.values(managedChannels));
  const setup = (channel: Channel) => Promise.resolve(acknowledgeTogether(channel));
  await Promise.all(wrappers.map((wrapper) => wrapper.addSetup(setup)));
}
