/** Runs synchronous work while `Math.random`, `Date.now`, `Date()` and `new Date()` throw the error of `refuse`. */
export function withoutChance<T>(refuse: (what: string) => Error, work: () => T): T {
  const { random } = Math;
  const RealDate = Date;
  const fail = (what: string) => (): never => {
    throw refuse(what);
  };
  const dates = new Proxy(RealDate, {
    apply: fail('Date()'),
    construct(target, args: unknown[], newTarget: new () => object) {
      if (args.length === 0) throw refuse('new Date()');
      return Reflect.construct(target, args, newTarget) as object;
    },
    get: (target, name) => (name === 'now' ? fail('Date.now()') : (Reflect.get(target, name) as unknown)),
  });
  // Where globals are frozen, these do nothing.
  Reflect.set(Math, 'random', fail('Math.random()'));
  Reflect.set(globalThis, 'Date', dates);
  try {
    return work();
  } finally {
    Reflect.set(Math, 'random', random);
    Reflect.set(globalThis, 'Date', RealDate);
  }
}
