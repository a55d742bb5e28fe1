import { startSandbox } from './sandbox-server';
import { readSettings } from './settings';
import { messageOf } from '../../text/message-of';

async function main(): Promise<void> {
  const sandbox = await startSandbox(readSettings(process.env));
  let stopping = false;
  const stop = (): void => {
    if (stopping) return;
    stopping = true;
    sandbox.stop().then(() => process.exit(0), fail);
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  process.stdout.write(`sandbox gateway listening on ${sandbox.url}\n`);
}

function fail(error: unknown): void {
  process.stderr.write(`${messageOf(error)}\n`);
  process.exit(1);
}

main().catch(fail);
