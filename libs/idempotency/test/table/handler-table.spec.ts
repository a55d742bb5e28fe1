import { describeTable, type Driver } from './driver';
import { openGraphql } from './drivers/graphql.driver';
import { openGrpc } from './drivers/grpc.driver';
import { openHttp } from './drivers/http.driver';
import { openTcp } from './drivers/rpc.driver';
import { openRun } from './drivers/run.driver';
import type { KindName, ServerKind } from './kinds';

const drivers: Readonly<Record<Exclude<KindName, ServerKind>, () => Promise<Driver>>> = {
  'HTTP on Express': () => openHttp('Express'),
  'HTTP on Fastify': () => openHttp('Fastify'),
  'GraphQL mutation': openGraphql,
  '@MessagePattern over TCP': openTcp,
  '@GrpcMethod': openGrpc,
  'run()': openRun,
};

describeTable(drivers);
