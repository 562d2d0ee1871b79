import type { Problem, Rule, Setting, Thresholds, Worker } from '../../model/index.js';
import { confidenceOf, fateOfStop, fixTo, listed, relatedAt, together, weakest } from '../shared.js';
import { needSaid } from '../outlast.js';
import { blockersOf } from '../signal-path.js';

export const stopGracePeriodTooShort: Rule = {
  id: 'container/stop-grace-period-too-short',
  severity: 'warning',
  title: 'Compose kills the worker before its longest task can finish',
  rationale:
    '`docker compose up` and `down` send the stop signal, wait `stop_grace_period` and then send SIGKILL. Without the key that is 10 s: a worker that is ' +
    'still busy then is cut off at every deployment.',
  remedy: 'Set `stop_grace_period` to what the longest task needs and 3 s more.',
  references: ['https://github.com/compose-spec/compose-spec/blob/main/05-services.md#stop_grace_period'],
  provenBy: ['stop-outlives/prefork/early', 'stop-in-time/prefork/late'],
  leadsTo: ['celery/early-ack'],

  *check({ workers }, thresholds) {
    const reported: { group: readonly Killed[]; copies: Killed[] }[] = [];
    for (const group of groups(workers.flatMap(worker => killedEarly(worker, thresholds)))) {
      // compose/s3.docker-compose.yml beside docker-compose.yml: the same services once more
      const before = reported.find(one => one.group[0]!.reason === group[0]!.reason && group.every(({ name, worker }) => one.group.some(known => known.name === name && known.worker.app === worker.app && isNested(known.stop.at.path, group[0]!.stop.at.path))));
      if (before) before.copies.push(group[0]!); else reported.push({ group, copies: [] });
    }
    for (const { group, copies } of reported) yield problemOf(group[0]!, group.slice(1), copies);
  },
};

/** One of the files lies in the folder of the other, or below it. */
function isNested(a: string, b: string): boolean {
  const [left, right] = [a, b].map(path => path.slice(0, path.lastIndexOf('/') + 1));
  return left!.startsWith(right!) || right!.startsWith(left!);
}

/** A worker that Compose cuts off. */
interface Killed { readonly worker: Worker; readonly name: string; readonly stop: Extract<Setting<number>, { state: 'set' }>; readonly isDefault: boolean; readonly wanted: number; readonly reason: string }

function killedEarly(worker: Worker, { exitMarginSeconds, stopTimeoutSeconds }: Thresholds): readonly Killed[] {
  const { stopTime: stop, drainNeed } = worker;
  if (worker.platform !== 'compose' || worker.role !== 'deployed' || stop.state !== 'set') return [];
  const isDefault = stop.certainty === 'format-default';
  const wanted = drainNeed.is === 'bounded' ? Math.ceil(drainNeed.seconds + exitMarginSeconds) : stopTimeoutSeconds;
  if (stop.value >= wanted || (drainNeed.is === 'unknown' && !isDefault)) return [];
  return [{ worker, name: worker.container?.name ?? worker.name, stop, isDefault, wanted, reason: needSaid(worker) }];
}

/** By file and reason, the file nearest to the root first: one cure, one finding. */
function groups(killed: readonly Killed[]): readonly Killed[][] {
  const found = new Map<string, Killed[]>();
  for (const one of killed) {
    const key = JSON.stringify([one.stop.at.path, one.stop.value, one.reason]);
    found.set(key, [...(found.get(key) ?? []), one]);
  }
  const depth = (group: readonly Killed[]): number => group[0]!.stop.at.path.split('/').length;
  return [...found.values()].sort((a, b) => depth(a) - depth(b));
}

function problemOf(first: Killed, others: readonly Killed[], copies: readonly Killed[]): Problem {
  const { worker, stop, isDefault, wanted, reason } = first;
  const all = [first, ...others];
  const names = [...new Set(all.map(one => one.name))];
  const fix = together(all.filter(one => !hasItFrom(one, all)).map(one => fixTo(one.stop, wanted, 'safe', `set stop_grace_period to ${wanted}s`)).filter(fix => fix !== undefined));
  const more = others.length === 0 ? '' : ` and ${others.length} more`;
  return {
    order: 2, at: stop.at, confidence: weakest(...all.map(one => confidenceOf(one.worker, one.stop, one.worker.drainNeed))), workers: all.map(one => one.worker.id), ...blockersOf(worker),
    message: `Compose kills this worker${more} ${stop.value} s after the stop signal, ${reason}`,
    label: isDefault ? `no stop_grace_period: Compose waits ${stop.value} s` : '',
    related: [...relatedAt(worker.drainNeed.is === 'bounded' ? worker.drainNeed.from : [], 'a task may run this long'), ...others.map(one => ({ at: one.stop.at, message: `${one.name}: the same` })), ...copies.slice(0, 5).map(one => ({ at: one.stop.at, message: `the same in ${one.stop.at.path}` }))],
    suggestion: `${isDefault ? 'add' : 'write'} \`stop_grace_period: ${wanted}s\` ${isDefault ? 'to' : 'in'} ${names.length === 1 ? 'service' : 'the services'} ${listed(names, 8)}`,
    fate: fateOfStop(worker, stop.value),
    ...(fix && { fix }),
  };
}

/** It has what is written to another one of them. */
const hasItFrom = ({ worker: { container }, isDefault, wanted, stop }: Killed, all: readonly Killed[]): boolean => isDefault && all.some(other => container?.inherits.includes(other.name) && other.isDefault && other.wanted === wanted && other.stop.at.path === stop.at.path);
