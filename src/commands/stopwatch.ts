export interface Stopwatch {
  /** A stage begins: shown on a terminal until the next one does. */
  readonly begin: (stage: string) => void;
  /** Says how far the stage that runs is. */
  readonly show: (text: string) => void;
  /** ms of a step inside the stage that runs, e.g. following calls; added up by name. */
  readonly add: (step: string, ms: number) => void;
  /** Clears the line and, if asked to, prints what each stage took. */
  readonly end: (print: boolean | undefined) => void;
}

/** Progress and times on stderr. */
export function stopwatch(): Stopwatch {
  const stages: { readonly name: string; readonly from: number; readonly steps: Map<string, number> }[] = [];
  const show = (text: string): void => { if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${text}`); };
  return {
    begin(name) {
      stages.push({ name, from: performance.now(), steps: new Map() });
      show(name === 'printing' ? '' : `${name} …`);
    },
    show: text => show(`${text} …`),
    add(step, ms) {
      const steps = stages.at(-1)?.steps;
      steps?.set(step, (steps.get(step) ?? 0) + ms);
    },
    end(print) {
      show('');
      const ends = [...stages.slice(1).map(stage => stage.from), performance.now()];
      const line = (ms: number, name: string): void => { process.stderr.write(`${ms.toFixed(0).padStart(7)} ms  ${name}\n`); };
      if (print) for (const [i, { name, from, steps }] of stages.entries()) { line(ends[i]! - from, name); for (const [step, ms] of steps) line(ms, `  ${step}`); }
    },
  };
}
