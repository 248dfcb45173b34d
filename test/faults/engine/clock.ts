/**
 * The clock on the wall of a worker, `--clock=<milliseconds>` off. To be imported before anything that might read it;
 * what counts time (timers, performance.now) does not change by it, as on a machine whose date is wrong.
 */
const given = process.argv.find((one) => one.startsWith('--clock='))?.slice('--clock='.length);
const off = Number(given ?? 0);
const Right = Date;

if (off !== 0) {
  globalThis.Date = new Proxy(Right, {
    apply: () => new Right(Right.now() + off).toString(),
    construct: (_, values, target) =>
      Reflect.construct(Right, values.length === 0 ? [Right.now() + off] : values, target) as Date,
    get: (right, name, receiver) =>
      name === 'now' ? () => Right.now() + off : (Reflect.get(right, name, receiver) as unknown),
  });
}
