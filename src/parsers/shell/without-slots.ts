/** Commands or expressions without the places to write at, for a text where one cannot write: escapes hide it, or a space would split it. */
export function withoutSlots<T>(value: T): T {
  if (Array.isArray(value)) return value.map(withoutSlots) as T;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).filter(([key]) => key !== 'slot').map(([key, part]) => [key, key === 'slots' ? [] : withoutSlots(part)])) as T;
}
