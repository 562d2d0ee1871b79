// What a consumer's work is in an experiment: as long as its sender says, in the experiment's log from begin to end.
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';

const now = () => Number(process.hrtime.bigint()) / 1e9; // CLOCK_MONOTONIC, as in Python's log
export const emit = (ev, more = {}) => appendFileSync('/experiment/events', `${JSON.stringify({ ...more, ev, t: now(), w: process.env.EXPERIMENT_WORKER })}\n`);

export async function measured(tid) {
  const { seconds, block, failsFirst } = JSON.parse(readFileSync(`/experiment/messages/${tid}`, 'utf8'));
  const ex = Math.random().toString(36).slice(2);
  emit('start', { tid, ex });
  if (block) for (const end = now() + seconds; now() < end;);
  else await new Promise(resolve => { setTimeout(resolve, seconds * 1000); });
  const failed = `/experiment/messages/${tid}.failed`;
  if (failsFirst && !existsSync(failed)) {
    writeFileSync(failed, '');
    emit('interrupted', { tid, ex, exc: 'Error' });
    throw new Error('the first try fails');
  }
  emit('end', { tid, ex });
}
