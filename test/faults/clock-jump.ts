/**
 * Loaded with `--require` before the built service, this makes the wall clock of the process jump, by the milliseconds
 * that `CLOCK_JUMP_MS` says, soon after its start. Monotonic time and timers go on as if nothing had happened, as they
 * do when an operator or a virtual machine sets the clock.
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
