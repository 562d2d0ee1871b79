/** A timedelta. */
export interface Duration { readonly seconds: number }
export function isDuration(value: unknown): value is Duration {
  return typeof value === 'object' && value !== null && !(value instanceof Map) && !Array.isArray(value) && typeof (value as Duration).seconds === 'number';
}
