/** What is made of something, made once for each. */
export function remembered<K extends object, V>(make: (of: K) => V): (of: K) => V {
  const known = new WeakMap<K, { readonly made: V }>();
  return of => {
    let before = known.get(of);
    if (!before) known.set(of, (before = { made: make(of) }));
    return before.made;
  };
}
