/**
 * Loaded with `--require` before the built service. Soon after the start it makes the wall clock of the process jump by
 * `CLOCK_JUMP_MS` milliseconds. Monotonic time and timers are not affected, as when an operator or a virtual machine sets
 * the clock.
 */
const byMs = Number(process.env.CLOCK_JUMP_MS ?? 0);
const jumpsAfterMs = 3_000;

const RealDate = Date;
const now = (): number => RealDate.now() + (performance.now() < jumpsAfterMs ? 0 : byMs);

globalThis.Date = new Proxy(RealDate, {
  construct: (target, args, newTarget) =>
    Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget) as object,
  get: (target, name, receiver) => (name === 'now' ? now : (Reflect.get(target, name, receiver) as unknown)),
});
