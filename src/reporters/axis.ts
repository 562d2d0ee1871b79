/** s. Below it the axis of a timeline is nearly linear, above it logarithmic: 30 s and 1 h are both to be seen. */
const KNEE = 10;

const TICKS: readonly (readonly [seconds: number, label: string])[] = [
  [0, '0'], [10, '10 s'], [30, '30 s'], [60, '1 min'], [120, '2 min'], [300, '5 min'], [600, '10 min'], [1800, '30 min'], [3600, '1 h'], [7200, '2 h'], [21600, '6 h'], [43200, '12 h'], [86400, '1 d'], [604800, '7 d'],
];

/** An axis from 0 s to `longest`, `width` long: the place of a time on it, and the times that are labelled. */
export function axis(longest: number, width: number): { readonly at: (seconds: number) => number; readonly ticks: readonly { readonly label: string; readonly at: number }[] } {
  const at = (seconds: number): number => (width * Math.log1p(Math.min(seconds, longest) / KNEE)) / Math.log1p(longest / KNEE);
  return { at, ticks: TICKS.filter(([seconds]) => seconds <= longest).map(([seconds, label]) => ({ label, at: at(seconds) })) };
}

/** s. The last time that a timeline shows: the latest that is known, and a minute at least. */
export function longestOf(times: readonly (number | string | undefined)[]): number {
  return Math.max(60, ...times.filter(time => typeof time === 'number'));
}
