import type { ChainLink, Confidence, Rule, Thresholds, Worker } from '../../model/index.js';
import { about, adviceWhereNamed, confidenceOf, fixTo, killedAfter, outcomeOfKill, relatedAt, weakest } from '../shared.js';
import { needSaid } from '../outlast.js';
import { blockersOf } from '../signal-path.js';

type Manager = Extract<ChainLink, { kind: 'process-manager' }>;

/** The settings that hold the time a manager waits before SIGKILL. */
const SETTINGS: Readonly<Record<Manager['program'], string>> = {
  supervisord: 'stopwaitsecs', honcho: 'its 5 s timer', foreman: '--timeout', circus: 'graceful_timeout', s6: 'S6_SERVICES_GRACETIME', pm2: 'kill_timeout', systemd: 'TimeoutStopSec', runit: 'its timer',
};

/** Managers that count in milliseconds, and where their setting stands. */
const MILLISECONDS: ReadonlySet<Manager['program']> = new Set(['pm2', 's6']);
const WHERE: Readonly<Partial<Record<Manager['program'], (program: string) => string>>> = { supervisord: name => `in [program:${name}]`, s6: () => 'in the environment of the image', systemd: name => `in [Service] of ${name}`, pm2: name => `in the app ${name}` };

export const processManagerKillsEarly: Rule = {
  id: 'container/process-manager-kills-early',
  severity: 'error',
  title: 'The process manager kills the worker before its longest task can finish',
  rationale:
    'A process manager has a timer of its own: supervisord sends SIGKILL `stopwaitsecs` (10 s unless set) after the stop signal. It decides, whatever stop ' +
    'timeout the container has: a longer stopTimeout changes nothing while the manager kills first.',
  remedy: 'Give the program as long as its tasks may take, and a little less than the container has; or start the worker without a manager.',
  references: ['https://supervisord.org/configuration.html#program-x-section-settings', 'https://github.com/aws/amazon-ecs-agent/issues/2886'],
  provenBy: ['container/process-manager-kills-early/bad', 'container/process-manager-kills-early/good', 'stop-outlives/prefork/early', 'stop-in-time/prefork/late'],
  leadsTo: ['ecs/stop-timeout-too-short', 'container/stop-grace-period-too-short'],

  *check({ workers }, thresholds) {
    for (const worker of workers) {
      for (const link of worker.start.links) {
        if (link.kind !== 'process-manager') continue;
        if (/^(SIG)?KILL$/.test(link.stopSignal)) yield killsAtOnce(worker, link);
        else {
          const verdict = judge(worker, link, thresholds);
          if (verdict) yield { ...verdict, ...about(worker), ...blockersOf(worker) };
        }
      }
    }
  },
};

function killsAtOnce(worker: Worker, link: Manager) {
  return {
    order: 1, at: link.at, confidence: sureness(worker, confidenceOf(worker)), ...about(worker),
    message: `${link.program} stops ${link.programName} with SIGKILL, so it never gets a chance to finish`,
    suggestion: `set the stop signal of ${link.programName} to TERM`,
    fate: `stop → SIGKILL: ${outcomeOfKill(worker)}`,
  };
}

function judge(worker: Worker, link: Manager, { exitMarginSeconds, stopTimeoutSeconds }: Thresholds) {
  const { drainNeed } = worker;
  const { stopWait } = link;
  if (stopWait.state !== 'set') return undefined;
  const isDefault = stopWait.certainty === 'format-default';
  const onEcs = worker.platform !== 'compose' && worker.platform !== 'unknown';
  const needed = drainNeed.is === 'bounded' ? Math.ceil(drainNeed.seconds + exitMarginSeconds) : stopTimeoutSeconds;
  // ECS ends the container at its own limit: the manager cannot give more.
  const wanted = onEcs ? Math.min(needed, stopTimeoutSeconds) : needed;
  if (stopWait.value >= wanted || (drainNeed.is === 'unknown' && !isDefault)) return undefined;
  const fix = fixTo(stopWait, wanted, 'safe', `set ${SETTINGS[link.program]} to ${wanted}`);
  const severity = adviceWhereNamed(worker, drainNeed.is === 'bounded' ? 'error' : 'warning');
  return {
    order: 2, at: stopWait.at, severity, confidence: sureness(worker, confidenceOf(worker, stopWait, drainNeed)),
    message: `${link.program} kills ${link.programName} ${stopWait.value} s after the stop signal, ${needSaid(worker)}`,
    label: isDefault ? `no ${SETTINGS[link.program]}: ${link.program} waits ${stopWait.value} s` : '',
    related: relatedAt(drainNeed.is === 'bounded' ? drainNeed.from : [], 'a task may run this long'),
    suggestion: `set \`${SETTINGS[link.program]}${link.program === 'pm2' ? ': ' : '='}${MILLISECONDS.has(link.program) ? wanted * 1000 : wanted}\` ${WHERE[link.program]?.(link.programName) ?? `in ${link.programName}`}${
      onEcs && !(worker.stopTime.state === 'set' && worker.stopTime.value >= wanted) ? `, and at least as much stopTimeout (up to ${stopTimeoutSeconds}) in the task definition` : ''}`,
    fate: killedAfter(stopWait.value, outcomeOfKill(worker)),
    ...(fix && { fix }),
  };
}

const sureness = (worker: Worker, confidence: Confidence): Confidence => weakest(confidence, worker.platform === 'unknown' ? 'medium' : 'high');
