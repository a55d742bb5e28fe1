import { describeTable, type Driver } from '../../libs/idempotency/test/table/driver';
import {
  openRpcOfGolevelup,
  openSubscribe,
} from '../../libs/idempotency/test/table/drivers/golevelup.driver';
import { openMqtt, openNats } from '../../libs/idempotency/test/table/drivers/nats-mqtt.driver';
import { openEvent, openMessage } from '../../libs/idempotency/test/table/drivers/rmq.driver';
import type { ServerKind } from '../../libs/idempotency/test/table/kinds';

const drivers: Readonly<Record<ServerKind, () => Promise<Driver>>> = {
  '@RabbitSubscribe': openSubscribe,
  '@RabbitRPC': openRpcOfGolevelup,
  '@EventPattern over RabbitMQ': openEvent,
  '@MessagePattern over RabbitMQ': openMessage,
  '@MessagePattern over NATS': openNats,
  '@MessagePattern over MQTT': openMqtt,
};

describeTable(drivers);
