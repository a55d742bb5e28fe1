import { join } from 'node:path';
import { startMosquitto } from '../../../scripts/services/mosquitto';
import { startNats } from '../../../scripts/services/nats';
import { removeRun } from '../../../scripts/services/runs';
import { runFolder } from '../isolation';

/** A server of one spec: the one that the environment names, or a private one. */
interface TransportServer {
  readonly url: string;
  readonly stop: () => Promise<void>;
}

export async function natsServer(): Promise<TransportServer> {
  return serverAt(process.env.NATS_URL, 'nats', startNats);
}

export async function mqttServer(): Promise<TransportServer> {
  return serverAt(process.env.MQTT_URL, 'mosquitto', startMosquitto);
}

async function serverAt(
  url: string | undefined,
  name: string,
  start: (directory: string) => Promise<TransportServer>,
): Promise<TransportServer> {
  if (url) return { url, stop: () => Promise.resolve() };
  const directory = join(runFolder(), name);
  const server = await start(directory);
  return {
    url: server.url,
    stop: async () => {
      await server.stop();
      removeRun(directory);
    },
  };
}
