import { MqttRecordBuilder, NatsRecordBuilder, Transport } from '@nestjs/microservices';
import { headers } from 'nats';
import { mqttServer, natsServer } from '../../../../../test/support/transports/servers';
import type { Driver } from '../driver';
import { openRpc } from './rpc.driver';

export async function openNats(): Promise<Driver> {
  const { url, stop } = await natsServer();
  const driver = await openRpc({ transport: Transport.NATS, options: { servers: [url] } }, (order, key) => {
    const sent = headers();
    sent.set('idempotency-key', key);
    return new NatsRecordBuilder(order).setHeaders(sent).build();
  });
  return stopping(driver, stop);
}

export async function openMqtt(): Promise<Driver> {
  const { url, stop } = await mqttServer();
  const options = { url, protocolVersion: 5, subscribeOptions: { qos: 1 } } as const;
  const driver = await openRpc({ transport: Transport.MQTT, options }, (order, key) =>
    new MqttRecordBuilder(order)
      .setProperties({ userProperties: { 'idempotency-key': key } })
      .setQoS(1)
      .build(),
  );
  return stopping(driver, stop);
}

/** The server stops after the application and its client. */
function stopping(driver: Driver, stop: () => Promise<void>): Driver {
  return {
    ...driver,
    async close() {
      await driver.close();
      await stop();
    },
  };
}
