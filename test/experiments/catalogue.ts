import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { Experiment } from './experiment.js';
import { celeryMatrix, newGround, nodeMatrix, nodeModules } from './matrix.js';
import { predict } from './predict.js';
import { PROOFS, TREES } from './proofs.js';
import { repositories } from './repositories.js';
import { billiardOf, LIBRARIES, MOTO, venvOf, type Run } from './run.js';

/** Every experiment that can be run, and what src/fate or its rule expects of it. */
export interface Listed { readonly experiment: Experiment; readonly core: boolean; disagreement(run: Run): string | undefined }

/** Of the matrix: what the rules' fixtures do not show. With them it is the core set. */
const CORE = new Set(['oom-child/5.6.3/redis/prefork/late', 'oom-child/5.6.3/redis/prefork/late+rowl', 'time-limit/5.6.3/rabbitmq/prefork/late', 'conn-drop/5.6.3/rabbitmq/prefork/late', 'conn-drop/5.6.3/redis/prefork/late',
  'prefetch-kill/5.6.3/redis/prefork/early/prefetch=4', 'stop-outlives/5.5.3/redis/prefork/early', 'stop-outlives/5.5.3/rabbitmq/prefork/late', 'stop-outlives/5.4.0/redis/prefork/early', 'stop-outlives/5.4.0/rabbitmq/prefork/late',
  'soft/5.6.3/redis/prefork/late/REMAP/soft=2,stopTimeout=10,task=1.2', 'stop-outlives/5.6.3/redis/gevent/late/REMAP', 'eta-vt/5.6.3/redis/prefork/early/vt=3,countdown=12,2 fresh workers', 'bull/sigkill twice,maxStalledCount=1',
  'bull/blocked loop > lockDuration,2 workers', 'amqp/SIGTERM,graceful,noAck,3 queued', 'stop-outlives/5.6.3/sqs/prefork/late']);

export function catalogue(): readonly Listed[] {
  const proofs = PROOFS.flatMap(proof => TREES.map((tree): Listed => {
    const experiment = proof.experiment(tree);
    return { experiment, core: !experiment.slow, disagreement: run => disagreement(proof.expected[tree], run) };
  }));
  const matrix = new Map([...['5.4.0', '5.5.3', '5.6.3', '5.7.0', '5.2.7'].flatMap(version => celeryMatrix(version)), ...nodeMatrix(), ...newGround()].map(experiment => [experiment.id, experiment]));
  const real = repositories().map(({ experiment, expected }): Listed => ({ experiment, core: false, disagreement: run => disagreement(expected, run) }));
  return [...proofs, ...real, ...[...matrix.values()].map((experiment): Listed => ({ experiment, core: CORE.has(experiment.id), disagreement: run => unforeseen(experiment.id, run) }))];
}

/** What differs from what the proof's rule says of the tree. */
function disagreement(expected: (typeof PROOFS)[number]['expected']['bad'], { observed, stop, boots }: Run): string | undefined {
  const verdicts = Object.values(observed).map(({ verdict }) => verdict), said = verdicts.join(',');
  if (expected.each && expected.each.join() !== said) return `${expected.each.join()} was expected, and it was ${said}`;
  if (expected.all && verdicts.some(verdict => verdict !== expected.all)) return `${expected.all} was expected of all, and it was ${said}`;
  if (expected.some && !verdicts.includes(expected.some)) return `${expected.some} was expected of one, and it was ${said}`;
  if (expected.killed !== undefined && stop?.killed !== expected.killed) return `SIGKILL was ${expected.killed ? '' : 'not '}expected, and it ended after ${stop?.after} s`;
  if (expected.boots !== undefined && boots !== expected.boots) return `the worker was expected to ${expected.boots ? 'start' : 'end at once'}`;
  return undefined;
}

/** What src/fate did not foresee. */
function unforeseen(id: string, { observed }: Run): string | undefined {
  const verdicts = Object.values(observed).map(({ verdict }) => verdict), foreseen = predict(id, verdicts.length);
  const wrong = verdicts.findIndex((verdict, i) => !foreseen[i]!.includes(verdict));
  return wrong < 0 ? undefined : `src/fate foresees ${foreseen[wrong]!.join(' or ')} for message ${wrong}, and it was ${verdicts[wrong]}`;
}

/** Programs and libraries that are missing for it on this machine, by name. */
export function missing({ subject }: Experiment): readonly string[] {
  const [first] = subject.command('A');
  return [
    ...(namespaces() ? [] : ['namespaces and overlayfs (root)']), ...needed(subject.broker === 'redis', 'redis-server'), ...(subject.broker === 'rabbitmq' && !existsSync('/usr/lib/rabbitmq/bin/rabbitmq-server') ? ['rabbitmq-server'] : []),
    ...(subject.broker === 'sqs' && !existsSync(MOTO) ? ['moto'] : []), ...(subject.python && !existsSync(venvOf(subject.python.celery)) ? [`celery ${subject.python.celery}`] : []), ...(subject.python && !existsSync(LIBRARIES) ? ['the fixtures\' libraries'] : []),
    ...(subject.python?.billiard && !existsSync(billiardOf(subject.python.billiard)) ? [`billiard ${subject.python.billiard}`] : []), ...(existsSync(`${nodeModules()}/bullmq`) ? [] : ['the consumers\' libraries']),
    ...(subject.image.some(part => 'link' in part && !existsSync(part.link)) ? ['NestJS'] : []),
    ...(['tini', 'dumb-init', 'busybox', 'bash'].includes(first!) ? needed(true, first!) : []),
  ];
}

const programs = new Map<string, boolean>();
function needed(isNeeded: boolean, program: string): readonly string[] {
  if (isNeeded && !programs.has(program)) programs.set(program, spawnSync('sh', ['-c', `command -v ${program}`]).status === 0);
  return isNeeded && !programs.get(program) ? [program] : [];
}

let able: boolean | undefined;
/** Can this process make containers? Tried once. */
function namespaces(): boolean {
  try {
    able ??= (execFileSync('unshare', ['--mount', '--uts', '--pid', '--fork', '--kill-child=SIGKILL', 'sh', '-ec', 'd=$(mktemp -d); mkdir $d/u $d/w $d/r; mount --make-rprivate /; mount -t overlay overlay -o lowerdir=/,upperdir=$d/u,workdir=$d/w $d/r; umount $d/r; rm -rf $d'], { stdio: 'ignore' }), true);
  } catch { able = false; }
  return able;
}
