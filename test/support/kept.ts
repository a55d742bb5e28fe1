import { resolve } from 'node:path';
import { eventually } from './eventually';
import { isJsonObject } from './json';
import type { JsonObject } from './json';
import type { Service } from './service';

/** Node.js arguments of a service that `keptBy` inspects. */
export const tellsWhatItKeeps = ['scripts/typescript.js', 'test/support/kept-by-connections.ts'].flatMap(
  (file) => ['--require', resolve(__dirname, '../..', file)],
);

/** How much the service holds for its connections. */
export async function keptBy(service: Service): Promise<JsonObject> {
  const before = reports(service).length;
  void service.signal('SIGUSR2');
  return eventually(() => {
    const [report] = reports(service).slice(before);
    if (report === undefined) throw new Error('the service has not reported what it holds');
    return report;
  });
}

function reports(service: Service): JsonObject[] {
  return service.logs.map(({ kept }) => kept).filter(isJsonObject);
}
