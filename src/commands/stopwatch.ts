import { newStep, now, record, type Step } from '../model/index.js';

export interface Stopwatch {
  /** A stage begins: shown on a terminal until the next one does. */
  readonly begin: (stage: string) => void;
  /** Says how far the stage that runs is. */
  readonly show: (text: string) => void;
  /** Clears the line and, if times are wanted, prints what each stage took, and the steps inside it that took 1 ms and more. */
  readonly end: () => void;
}

/** Progress on stderr; with `timings` what every stage, format, parser, step of the join and rule took, too. */
export function stopwatch(timings = false): Stopwatch {
  const stages: { readonly from: number; readonly step: Step }[] = [];
  const show = (text: string): void => { if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${text}`); };
  return {
    begin(name) {
      const step = newStep(name);
      stages.push({ from: now(), step });
      if (timings) record(step);
      show(name === 'printing' ? '' : `${name} …`);
    },
    show: text => show(`${text} …`),
    end() {
      show('');
      if (!timings) return;
      record(undefined);
      const ends = [...stages.slice(1).map(stage => stage.from), now()];
      for (const [i, { from, step }] of stages.entries()) process.stderr.write(lines({ ...step, ms: ends[i]! - from, times: 1 }));
    },
  };
}

/** The longest first. */
function lines({ name, ms, times, steps }: Step, depth = 0): string {
  const inside = [...steps.values()].filter(step => step.ms >= 1).sort((a, b) => b.ms - a.ms);
  return `${ms.toFixed(0).padStart(7)} ms  ${'  '.repeat(depth)}${name}${times > 1 ? `, ${times} times` : ''}\n${inside.map(step => lines(step, depth + 1)).join('')}`;
}
