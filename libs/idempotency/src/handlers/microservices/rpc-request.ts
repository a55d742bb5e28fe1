import type { ExecutionContext } from '@nestjs/common';
import {
  Transport,
  type MqttContext,
  type NatsContext,
  type RmqContext,
  type TcpContext,
} from '@nestjs/microservices';
import type { ConsumeMessage } from 'amqplib';
import { amqpRequest } from '../amqp-request';
import type { IncomingRequest } from '../incoming-request';
import { callOf } from './rpc-call';

/** The used parts of NATS' headers and gRPC's metadata: a name may have several values. */
interface NatsHeaders {
  keys(): string[];
  values(name: string): string[];
}
interface GrpcCall {
  getPath(): string;
}
interface GrpcMetadata {
  getMap(): Readonly<Record<string, unknown>>;
  get(name: string): unknown[];
}

/** The message as a request, with the headers of its transport. Its target is what the handler's pattern has matched. */
export function rpcRequest(execution: ExecutionContext): IncomingRequest {
  const { transport } = callOf(execution);
  const rpc = execution.switchToRpc();
  const payload = rpc.getData<unknown>();
  const undated = { payload, requestedAt: undefined };
  switch (transport) {
    case Transport.RMQ: {
      const target = rpc.getContext<RmqContext>().getPattern();
      return { ...amqpRequest(payload, rabbitmqMessage(execution)), target };
    }
    case Transport.NATS: {
      const context = rpc.getContext<NatsContext>();
      return { ...undated, source: context, headers: natsHeaders(context), target: context.getSubject() };
    }
    case Transport.MQTT: {
      const context = rpc.getContext<MqttContext>();
      const headers = packetOf(context).properties?.userProperties;
      return { ...undated, source: context, headers, target: context.getTopic() };
    }
    case Transport.TCP: {
      const context = rpc.getContext<TcpContext>();
      return { ...undated, source: context, headers: undefined, target: context.getPattern() };
    }
    case Transport.GRPC: {
      const call = execution.getArgByIndex<GrpcCall>(2);
      const headers = grpcHeaders(rpc.getContext<GrpcMetadata>());
      return { ...undated, source: call, headers, target: call.getPath() };
    }
    default:
      return transport satisfies never;
  }
}

export function rabbitmqMessage(execution: ExecutionContext): ConsumeMessage {
  return execution.switchToRpc().getContext<RmqContext>().getMessage() as ConsumeMessage;
}

function packetOf(context: MqttContext): { readonly properties?: { readonly userProperties?: unknown } } {
  return context.getPacket() as { properties?: { userProperties?: unknown } };
}

function natsHeaders(context: NatsContext): Record<string, unknown> {
  const headers = context.getHeaders() as NatsHeaders | undefined;
  const names = headers?.keys() ?? [];
  return Object.fromEntries(names.map((name) => [name, single(headers?.values(name) ?? [])]));
}

function grpcHeaders(metadata: GrpcMetadata): Record<string, unknown> {
  const names = Object.keys(metadata.getMap());
  return Object.fromEntries(names.map((name) => [name, single(metadata.get(name))]));
}

/** Several values stay a list, which is not a valid key: no one of them is more right than the others. */
function single(values: readonly unknown[]): unknown {
  return values.length === 1 ? values[0] : values;
}
