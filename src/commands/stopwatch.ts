export interface Stopwatch {
  /** A stage begins: shown on a terminal until the next one does. */
  readonly begin: (stage: string) => void;
  /** Clears the line and, if asked to, prints what each stage took. */
  readonly end: (print: boolean | undefined) => void;
}

/** Progress and times on stderr. */
export function stopwatch(): Stopwatch {
  const stages: { readonly name: string; readonly from: number }[] = [];
  const show = (text: string): void => { if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${text}`); };
  return {
    begin(name) {
      stages.push({ name, from: performance.now() });
      show(name === 'printing' ? '' : `${name} …`);
    },
    end(print) {
      show('');
      const ends = [...stages.slice(1).map(stage => stage.from), performance.now()];
      if (print) for (const [i, { name, from }] of stages.entries()) process.stderr.write(`${(ends[i]! - from).toFixed(0).padStart(7)} ms  ${name}\n`);
    },
  };
}
