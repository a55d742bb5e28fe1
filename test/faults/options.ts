import { parseArgs } from 'node:util';
import { faultKinds } from './faults';
import type { FaultKind } from './faults';
import type { RunSize } from './schedule';

/** What a run is asked to be. */
export interface RunOptions extends RunSize {
  /** Where to write all that the report says, for programs. */
  jsonFile: string | undefined;
  printSchedule: boolean;
  /** The build under test, by its folder. */
  build: string;
  /** Off: the gateway charges each time it is asked, so record and lease are all that is left. */
  gatewayKeepsKeys: boolean;
  /** Added to every charge. */
  gatewayLatencyMs: number;
  /** How long to wait for rest after the last fault. */
  restWithinMs: number;
}

export const help = `Runs the service under faults, and checks from outside that each payment had its effect once.

  npm run faults -- [options]

  --seed N            draws everything from this number (default 1)
  --payments N        payments to publish, besides their duplicates (default 2000)
  --faults N          faults to inject (default 60)
  --only KIND,...     draws from these kinds alone: ${faultKinds.join(', ')}
  --json FILE         writes the report there, too
  --print-schedule    prints what would happen, and when; runs nothing
  --build FOLDER      the build to test (default dist)
  --gateway-latency MS    how long a charge takes (default 15)
  --rest-within SECONDS   how long all may take to be done after the last fault (default 240)
  --gateway-ignores-keys  the gateway charges each time it is asked; for runs without faults
  --help

Exit code 0: every promise was kept. The servers are private ones, and gone afterwards.`;

const flags = {
  seed: { type: 'string', default: '1' },
  payments: { type: 'string', default: '2000' },
  faults: { type: 'string', default: '60' },
  only: { type: 'string' },
  json: { type: 'string' },
  'print-schedule': { type: 'boolean', default: false },
  build: { type: 'string', default: 'dist' },
  'gateway-latency': { type: 'string', default: '15' },
  'rest-within': { type: 'string', default: '240' },
  'gateway-ignores-keys': { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

/** @throws Error which says what is wrong with the arguments */
export function readOptions(args: string[]): RunOptions | 'help' {
  const { values } = parseArgs({ args, options: flags });
  if (values.help) return 'help';
  return {
    seed: count('seed', values.seed),
    payments: count('payments', values.payments),
    faults: count('faults', values.faults),
    ...(values.only !== undefined && { only: kinds(values.only) }),
    jsonFile: values.json,
    printSchedule: values['print-schedule'],
    build: values.build,
    gatewayLatencyMs: count('gateway-latency', values['gateway-latency']),
    restWithinMs: count('rest-within', values['rest-within']) * 1000,
    gatewayKeepsKeys: !values['gateway-ignores-keys'],
  };
}

function count(name: string, text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new Error(`--${name} must be a whole number from 0 on, not "${text}"`);
}

function kinds(text: string): FaultKind[] {
  return text.split(',').map((name) => {
    const kind = faultKinds.find((candidate) => candidate === name);
    if (kind === undefined)
      throw new Error(`--only: there is no "${name}"; there are ${faultKinds.join(', ')}`);
    return kind;
  });
}
