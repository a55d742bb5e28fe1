import { AsyncLocalStorage } from 'node:async_hooks';

/** Fields that log lines get from their context, such as those of the message that is being processed. */
type LogFields = () => Readonly<Record<string, unknown>>;

const current = new AsyncLocalStorage<LogFields>();

/** Runs `work`. Each line that it, or anything that it starts, logs has the fields as they are at that moment. */
export function withLogFields<T>(fields: LogFields, work: () => T): T {
  return current.run(fields, work);
}

export function logFields(): Readonly<Record<string, unknown>> | undefined {
  return current.getStore()?.();
}
