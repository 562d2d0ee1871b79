/** What a run spends its time on: a step, and the steps inside it. `ms`: with them, added up over all `times`. */
export interface Step { readonly name: string; ms: number; times: number; readonly steps: Map<string, Step> }

/** The step that runs now; undefined: nobody records. */
let running: Step | undefined;

export const newStep = (name: string): Step => ({ name, ms: 0, times: 0, steps: new Map() });

/** From now on the steps inside this one are recorded; undefined: none are. */
export function record(step: Step | undefined): void {
  running = step;
}

/** ms since some time in the past. `performance` would do, but loading it costs every start some. */
export const now = (): number => Number(process.hrtime.bigint()) / 1e6;

/** Runs something as a step of what runs now. Where nobody records it costs nothing. */
export function timed<T>(name: string, run: () => T): T {
  const outer = running;
  if (!outer) return run();
  const step = outer.steps.get(name) ?? newStep(name);
  outer.steps.set(name, step);
  running = step;
  const from = now();
  try {
    return run();
  } finally {
    step.ms += now() - from;
    step.times++;
    running = outer;
  }
}
