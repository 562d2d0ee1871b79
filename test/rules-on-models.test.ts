import { describe, expect, test } from 'vitest';
import type { ChainLink, Model, Problem, Rule } from '../src/model/index.js';
import { rollout } from '../src/rules/deployment.js';
import { rules } from '../src/rules/index.js';
import { signalFaults } from '../src/rules/signal-path.js';
import { at, byDefault, container, init, model, scheduler, service, set, shell, slot, supervisord, taskFunction, thresholds, unknown, unset, worker } from './model-builders.js';

const byId = (id: string): Rule => rules.find(rule => rule.id === id)!;
const check = (id: string, subject: Model): readonly Problem[] => [...byId(id).check(subject, thresholds)];
const ids = (subject: Model): readonly string[] => rules.filter(rule => [...rule.check(subject, thresholds)].length > 0).map(rule => rule.id);

test('everything in order: silence', () => {
  expect(ids(model({ workers: [worker({ service: service() })], schedulers: [scheduler()], services: [service()] }))).toEqual([]);
});

describe('which rule speaks of a chain', () => {
  const cases: readonly (readonly [string, readonly ChainLink[], readonly string[]])[] = [
    ['exec form', [], []],
    ['a shell that replaces itself', [shell({ replaces: true, from: 'shell-form' })], []],
    ['shell form on Debian', [shell({ from: 'shell-form' })], ['container/shell-swallows-signal']],
    ['sh -c', [shell({ from: 'shell -c' })], ['container/shell-swallows-signal']],
    ['script without exec', [shell()], ['container/entrypoint-without-exec']],
    ['exec in the first, not in the second script', [shell({ replaces: true }), shell()], ['container/entrypoint-without-exec']],
    ['tini in front of the worker', [init('tini', false)], []],
    ['tini in front of a script', [init('tini', false), shell()], ['container/init-kills-worker']],
    ['tini in front of exec "$@" and a shell form', [init('tini', false), shell({ replaces: true }), shell({ from: 'shell-form' })], ['container/init-kills-worker']],
    ['dumb-init in front of the worker', [init('dumb-init', true)], ['container/signal-sent-to-group']],
    ['dumb-init in front of a script', [init('dumb-init', true), shell()], ['container/init-kills-worker']],
    ['background without a trap', [shell({ background: true })], ['container/background-without-wait']],
    ['background with wait alone', [shell({ background: true, waits: true })], ['container/background-without-wait']],
    ['background with a trap that does not wait', [shell({ background: true, forwards: true })], ['container/background-without-wait']],
    ['background with trap and wait', [shell({ background: true, waits: true, forwards: true })], []],
    ['nohup in the background', [shell({ background: true }), { kind: 'detached', how: 'nohup', at: at('e.sh'), text: 'nohup' }], ['container/detached-worker']],
    ['supervisord with a script without exec', [supervisord(set(120)), shell()], ['container/entrypoint-without-exec']],
    ['an init in front of supervisord', [init('tini', false), supervisord(set(120))], []],
    ['GNU parallel in a script', [shell(), { kind: 'package-manager', program: 'parallel', forwards: 'no', at: at('e.sh', 5), text: 'parallel' }, shell({ from: 'shell -c' })], ['container/background-without-wait']],
    ['supervisord that signals the group', [supervisord(set(120), { toGroup: true })], ['container/signal-sent-to-group']],
    ['a package manager that keeps it', [{ kind: 'package-manager', program: 'npm', forwards: 'no', at: at('Dockerfile'), text: 'npm start' }], ['container/package-manager-as-init']],
    ['a package manager nobody has examined', [{ kind: 'package-manager', program: 'rye', forwards: 'unknown', at: at('Dockerfile'), text: 'rye run' }], []],
  ];
  test.each(cases)('%s', (_, links, expected) => {
    expect(signalFaults(worker({}, links)).map(({ rule }) => rule)).toEqual(expected);
    expect(ids(model({ workers: [worker({}, links)] })).filter(id => id.startsWith('container/'))).toEqual(expected);
  });

  test('a remap makes children ignore the group signal; threads have none; an unread remap is silence', () => {
    for (const change of [{ sigtermRemap: set('SIGQUIT') }, { pool: 'threads' }, { sigtermRemap: unknown }] as const) expect(signalFaults(worker(change, [init('dumb-init', true)]))).toEqual([]);
  });
});

describe('how sure and how bad a chain fault is', () => {
  const first = (id: string, subject: Model): Problem => check(id, subject)[0]!;

  test('an unknown base image is a warning', () => expect(first('container/shell-swallows-signal', model({ workers: [worker({}, [shell({ from: 'shell -c', shell: 'unknown' })])] })).severity).toBe('warning'));
  test('a scheduler is a warning', () => expect(first('container/entrypoint-without-exec', model({ schedulers: [scheduler({}, [shell()])] })).severity).toBe('warning'));
  test('without a platform: an error still, at medium, and no seconds', () => {
    const problem = first('container/entrypoint-without-exec', model({ workers: [worker({ platform: 'unknown', stopTime: byDefault(30) }, [shell()])] }));
    expect([problem.severity, problem.confidence]).toEqual(['error', 'medium']);
    expect(problem.fate).not.toMatch(/\d+ s\b/);
  });
  test('one that is started again whenever its code changes is never deployed, but on ECS', () => {
    const told = (platform: 'compose' | 'ecs'): readonly unknown[] => check('container/entrypoint-without-exec', model({ workers: [worker({ role: 'development', reloads: true, platform }, [shell()])] }));
    expect([told('compose').length, told('ecs').length]).toEqual([0, 1]);
  });
  test('a copy for developers is low', () => expect(first('container/entrypoint-without-exec', model({ workers: [worker({ role: 'development' }, [shell()])] })).confidence).toBe('low'));
  test('a shared PID namespace: the shell dies instead of ignoring', () => {
    expect(first('container/entrypoint-without-exec', model({ workers: [worker({ container: container({ pidMode: 'task' }) }, [shell()])] })).fate).toContain('dash dies');
  });
  test('a script that many run through has one fault: the worker speaks, all are named', () => {
    const prod = worker({ id: 'prod', environment: 'prod' }, [shell()]);
    const staging = worker({ id: 'staging', environment: 'staging', joins: [] }, [shell()]);
    const problems = check('container/entrypoint-without-exec', model({ workers: [{ ...prod, joins: [{ step: 'build', how: 'only-candidate', at: [] }] }, staging], schedulers: [scheduler({}, [shell()])] }));
    expect(problems).toMatchObject([{ workers: ['prod', 'staging', 'infra/beat.json: beat'], environments: ['prod', 'staging'], severity: 'error', confidence: 'high' }]);
  });
  test('neither the platform nor the shell is known: low', () => {
    const subject = model({ workers: [worker({ platform: 'unknown' }, [shell({ from: 'shell-form', shell: 'unknown' })])] });
    expect(first('container/shell-swallows-signal', subject).confidence).toBe('low');
  });
  describe('in a pipe or a subshell exec is not enough', () => {
    const said = (change: Parameters<typeof shell>[0], rule = 'container/entrypoint-without-exec'): Problem => first(rule, model({ workers: [worker({}, [shell(change)])] }));
    const into = { text: 'tee -a log', withErrors: true };
    const direct = "run `exec celery -A shop worker` without the pipe: the log goes to the container's output by itself";
    test.each([
      [{ piped: true, into, shell: 'bash' }, `${direct}; to keep what tee does, \`exec celery -A shop worker > >(tee -a log) 2>&1\``],
      [{ piped: true, into, shell: 'dash' }, direct], [{ piped: true, into, shell: 'unknown' }, direct], [{ piped: true, shell: 'bash' }, direct],
      [{ piped: true, into: { ...into, withErrors: false }, shell: 'bash' }, `${direct}; to keep what tee does, \`exec celery -A shop worker > >(tee -a log)\``],
      [{ piped: true, into: { ...into, withErrors: false }, shell: 'bash', text: 'exec celery -A shop worker 2>&1' }, `${direct}; to keep what tee does, \`exec celery -A shop worker > >(tee -a log) 2>&1\``],
      [{ subshell: true, text: 'exec celery -A shop worker' }, 'write `exec celery -A shop worker` outside of the subshell'],
    ] as const)('%j', (change, suggestion) => {
      expect(said(change)).toMatchObject({ suggestion, message: expect.stringContaining('piped' in change ? 'starts the worker in a pipe' : 'starts the worker in a subshell') });
      for (const rule of ['container/entrypoint-without-exec', 'container/shell-swallows-signal']) expect(said({ ...change, ...(rule.endsWith('signal') && { from: 'shell -c' }) }, rule).fix).toBeUndefined();
    });
    test('an exec there is said to be without effect', () => {
      expect(said({ piped: true, text: 'exec celery worker' }).message).toContain('where exec replaces a subshell only');
      expect(said({ piped: true }).message).not.toContain('exec');
      expect(said({}).message).toContain('without exec');
    });
  });
});

describe('ecs/stop-timeout-too-short', () => {
  const only = (change: Parameters<typeof worker>[0], links: readonly ChainLink[] = []): Problem | undefined => check('ecs/stop-timeout-too-short', model({ workers: [worker(change, links)] }))[0];
  const bounded = (seconds: number) => ({ is: 'bounded', seconds, from: [at('shop/celery.py', 9)], confidence: 'high' }) as const;
  const unbounded = { is: 'unbounded', confidence: 'medium' } as const;

  test.each([
    ['longer than the value', { stopTime: set(60), drainNeed: bounded(100) }, 'error'],
    ['3 s of exit margin count', { stopTime: set(60), drainNeed: bounded(58) }, 'error'],
    ['fits with the margin', { stopTime: set(60), drainNeed: bounded(57) }, undefined],
    ['the default is too short', { stopTime: byDefault(30), drainNeed: bounded(100) }, 'error'],
    ['the default is enough', { stopTime: byDefault(30), drainNeed: bounded(20) }, undefined],
    ['unbounded below 120', { stopTime: set(60), drainNeed: unbounded }, 'warning'],
    ['unbounded at 120', { stopTime: set(120), drainNeed: unbounded }, undefined],
    ['unknown with a value', { stopTime: set(60), drainNeed: { is: 'unknown' } }, undefined],
    ['unknown without a value', { stopTime: byDefault(30), drainNeed: { is: 'unknown' } }, 'warning'],
    ['a module whose default is 120', { stopTime: byDefault(120), drainNeed: { is: 'unknown' } }, undefined],
    ['above 120 with 120 and early ack', { stopTime: set(120), drainNeed: bounded(600) }, 'error'],
    ['above 120 with 120, late and harmless', { stopTime: set(120), drainNeed: bounded(600), functions: [taskFunction({ acksLate: set(true), timeLimit: set(600) })] }, undefined],
    ['Compose has a rule of its own', { platform: 'compose', stopTime: byDefault(10), drainNeed: bounded(600) }, undefined],
    ['no platform', { platform: 'unknown', stopTime: byDefault(30), drainNeed: bounded(600) }, undefined],
  ] as const)('%s', (_, change, severity) => expect(only(change)?.severity).toBe(severity));

  test('late but a mail is sent again: still an error', () => {
    const mails = taskFunction({ acksLate: set(true), timeLimit: set(600), body: { ...taskFunction().body, effects: [{ kind: 'email', text: 'send_mail(…)', at: at('shop/tasks.py', 7), via: [] }] } });
    expect(only({ stopTime: set(120), drainNeed: bounded(600), functions: [mails] })?.severity).toBe('error');
  });

  test('writes 120 on Fargate, need and margin on instances, never more than 120', () => {
    const slots = [slot('infra/worker.json', 5)];
    const text = (change: Parameters<typeof worker>[0]): string | undefined => only(change)?.fix?.edits[0]?.text;
    expect(text({ stopTime: set(30, { slots }), drainNeed: bounded(60) })).toBe('120');
    expect(text({ platform: 'ec2', stopTime: set(30, { slots }), drainNeed: bounded(60) })).toBe('63');
    expect(text({ platform: 'ec2', stopTime: set(30, { slots }), drainNeed: bounded(600) })).toBe('120');
    expect(text({ stopTime: set(120, { slots }), drainNeed: bounded(600) })).toBeUndefined();
  });

  test('waits for the signal to arrive first', () => expect(only({ stopTime: set(30) }, [shell()])?.blockedBy).toEqual(['container/entrypoint-without-exec']));
});

test.each([
  [1, 100, 200, false, true], [1, 50, 200, false, true], [1, 100, 100, false, false], [1, 50, 100, false, false], [1, 100, 150, false, false], [1, 0, 100, true, false], [1, 0, 200, true, true],
  [2, 50, 100, true, false], [2, 50, 200, true, true], [3, 100, 125, false, false], [4, 50, 200, true, true],
])('%d copies at %d/%d: stops first %s, starts first %s', (desired, minimum, maximum, stopsFirst, startsFirst) => {
  expect(rollout(desired, minimum, maximum)).toMatchObject({ stopsFirst, startsFirst });
});

test('what a deployment can do, for 1 to 10 copies at every pair of percentages, is what the numbers allow', () => {
  for (let desired = 1; desired <= 10; desired++) {
    for (let minimum = 0; minimum <= 100; minimum++) {
      for (let maximum = 100; maximum <= 200; maximum++) {
        const { stopsFirst, startsFirst } = rollout(desired, minimum, maximum);
        // one fewer is still enough; one more is still allowed
        const [fewer, more] = [(desired - 1) * 100 >= desired * minimum, (desired + 1) * 100 <= desired * maximum];
        if (stopsFirst !== fewer || startsFirst !== more) throw new Error(`${desired} at ${minimum}/${maximum}: ${stopsFirst} ${startsFirst}`);
      }
    }
  }
});

describe('deployments', () => {
  const of = (id: string, change: Parameters<typeof service>[0]): readonly Problem[] => {
    const own = service(change);
    return check(id, model({ services: [own], workers: own.runs === 'work' ? [worker({ service: own })] : [], schedulers: own.runs === 'scheduler' ? [scheduler({ service: own })] : [] }));
  };
  const counts = (count: number) => ({ desiredCount: set(count), maximumCount: set(count) });

  test('a deadlock is an error, and says a pair that works', () => {
    const [problem] = of('ecs/deployment-deadlock', { ...counts(3), maximumPercent: set(125, { slots: [slot('infra/service.json', 6)] }) });
    expect(problem!.severity ?? byId('ecs/deployment-deadlock').severity).toBe('error');
    expect(problem!.fix!.edits[0]!.text).toBe('200');
  });
  test('a scheduler gets 0/100', () => {
    const [problem] = of('ecs/deployment-deadlock', { runs: 'scheduler', ...counts(1), minimumHealthyPercent: set(100, { slots: [slot('infra/service.json', 6)] }), maximumPercent: set(100) });
    expect(problem!.fix!.edits[0]!.text).toBe('0');
  });
  test('stuck at some counts of autoscaling alone: a warning', () => {
    expect(of('ecs/deployment-deadlock', { maximumPercent: set(125), autoscaling: { minimum: 2, maximum: 8, metrics: [], at: at('infra/service.json', 9) } })[0]!.severity).toBe('warning');
  });
  test.each([['CODE_DEPLOY', { deploymentController: 'CODE_DEPLOY' }], ['a daemon', { schedulingStrategy: 'DAEMON' }], ['none desired', counts(0)], ['a web service', { runs: 'other' }], ['an unknown percent', { maximumPercent: unknown }]] as const)('%s is not judged', (_, change) => {
    expect(of('ecs/deployment-deadlock', { ...counts(1), maximumPercent: set(100), ...change })).toEqual([]);
  });

  test.each([
    ['0 with several', { minimumHealthyPercent: set(0) }, 'warning'],
    ['0/100 at one worker', { ...counts(1), minimumHealthyPercent: set(0), maximumPercent: set(100) }, 'warning'],
    ['0/200 at one worker', { ...counts(1), minimumHealthyPercent: set(0) }, undefined],
    ['0/100 at one scheduler', { runs: 'scheduler', ...counts(1), minimumHealthyPercent: set(0), maximumPercent: set(100) }, undefined],
    ['100 as a choice', {}, undefined],
    ['100 by default', { minimumHealthyPercent: byDefault(100, { slots: [slot('infra/service.json', 5)] }) }, 'note'],
    ['100 in a Copilot manifest, which has no word for it', { format: 'copilot', minimumHealthyPercent: byDefault(100) }, undefined],
    ['100 by default at one worker', { ...counts(1), minimumHealthyPercent: byDefault(100, { slots: [slot('infra/service.json', 5)] }) }, undefined],
    ['50 by default', { minimumHealthyPercent: byDefault(50) }, undefined],
  ] as const)('minimumHealthyPercent: %s', (_, change, severity) => {
    const [problem] = of('ecs/minimum-healthy-percent', change);
    expect(problem && (problem.severity ?? 'warning')).toBe(severity);
    expect(problem?.severity === 'note' ? problem.confidence : 'low').toBe('low');
  });

  test.each([
    ['Spot alone', [{ name: 'FARGATE_SPOT', weight: 1, base: 0 }], {}, /no on-demand/],
    ['with a base on demand', [{ name: 'FARGATE', weight: 1, base: 1 }, { name: 'FARGATE_SPOT', weight: 3, base: 0 }], {}, undefined],
    ['with 100 percent', [{ name: 'FARGATE', weight: 1, base: 1 }, { name: 'FARGATE_SPOT', weight: 3, base: 0 }], { minimumHealthyPercent: set(100) }, /no time for a replacement/],
    ['on demand', [{ name: 'FARGATE', weight: 1, base: 0 }], { minimumHealthyPercent: set(100) }, undefined],
  ])('Spot: %s', (_, providers, change, message) => {
    const [problem] = of('ecs/spot-interrupts-tasks', { minimumHealthyPercent: set(50), capacityProviders: providers.map(provider => ({ ...provider, at: at('infra/service.json', 7) })), ...change });
    if (message) expect(problem!.message).toMatch(message);
    else expect(problem).toBeUndefined();
  });
});

describe('schedulers', () => {
  const beat = (count: number, percents: readonly [number, number], change: Parameters<typeof scheduler>[0] = {}) => {
    const own = service({ runs: 'scheduler', desiredCount: set(count), maximumCount: set(count), minimumHealthyPercent: set(percents[0]), maximumPercent: set(percents[1]) });
    return model({ services: [own], schedulers: [scheduler({ service: own, ...change })] });
  };
  const withOption = (...options: readonly (readonly [string, string | true])[]) => ({ command: { ...scheduler().command, options: new Map(options) } });

  test('two copies are an error, one copy at 100/200 a warning, at 0/100 silence', () => {
    expect(ids(beat(2, [100, 200]))).toEqual(['ecs/scheduler-replicas']);
    expect(ids(beat(1, [100, 200]))).toEqual(['ecs/scheduler-overlap']);
    expect(ids(beat(1, [0, 100]))).toEqual([]);
  });
  test('a scheduler with a lock may run twice', () => {
    expect(ids(beat(2, [100, 200], withOption(['--scheduler', 'redbeat.RedBeatScheduler'])))).toEqual([]);
    expect(ids(beat(2, [100, 200], { command: { ...scheduler().command, unknownOptions: new Map([['--scheduler', '$SCHEDULER']]) } }))).toEqual([]);
  });
  test('a schedule in a database is not said to be lost', () => {
    const fate = (change: Parameters<typeof scheduler>[0]): string => check('ecs/scheduler-overlap', beat(1, [100, 200], change))[0]!.fate!;
    expect(fate({})).toContain('file schedule');
    expect(fate(withOption(['--scheduler', 'django_celery_beat.schedulers:DatabaseScheduler']))).not.toContain('file schedule');
  });
  test('embedded in a replicated worker', () => {
    const own = service();
    const embedded = worker({ service: own, command: { ...worker().command, options: new Map([['--beat', true]]) } });
    expect(check('ecs/scheduler-replicas', model({ services: [own], workers: [embedded] }))).toHaveLength(1);
  });
});

describe('scaling in', () => {
  const scaled = (change: Parameters<typeof worker>[0], autoscaling: { minimum?: number; maximum?: number } = { minimum: 1, maximum: 4 }) => {
    const own = service({ autoscaling: { ...autoscaling, metrics: ['cpu'], at: at('infra/service.json', 9) } });
    return check('ecs/scale-in-unprotected', model({ services: [own], workers: [worker({ service: own, ...change })] }));
  };
  const long = { is: 'bounded', seconds: 600, from: [], confidence: 'high' } as const;

  test('tasks that outlast the stop are at risk', () => expect(scaled({ drainNeed: long })).toHaveLength(1));
  test('tasks that fit are not', () => expect(scaled({})).toEqual([]));
  test('a fixed count does not scale in', () => expect(scaled({ drainNeed: long }, { minimum: 2, maximum: 2 })).toEqual([]));
  test('late and harmless tasks come back', () => expect(scaled({ drainNeed: long, functions: [taskFunction({ acksLate: set(true) })] })).toEqual([]));
});

describe('process managers and Compose', () => {
  const early = (stopWait: Parameters<typeof supervisord>[0], change: Parameters<typeof worker>[0] = {}, more: Parameters<typeof supervisord>[1] = {}) => check('container/process-manager-kills-early', model({ workers: [worker(change, [supervisord(stopWait, more)])] }));
  const slots = [slot('supervisord.conf', 5, { encoding: ['ini'] })];

  test('the default of 10 s below the bound is an error, and is mended', () => {
    const [problem] = early(byDefault(10, { slots }));
    expect([problem!.severity, problem!.confidence, problem!.fix!.edits[0]!.text]).toEqual(['error', 'medium', '103']);
  });
  test('unbounded is a warning, unknown only by default', () => {
    expect(early(byDefault(10), { drainNeed: { is: 'unbounded', confidence: 'medium' } })[0]!.severity).toBe('warning');
    expect(early(byDefault(10), { drainNeed: { is: 'unknown' } })).toHaveLength(1);
    expect(early(set(10), { drainNeed: { is: 'unknown' } })).toEqual([]);
  });
  test('ECS cannot give more than 120', () => expect(early(set(120), { drainNeed: { is: 'bounded', seconds: 600, from: [], confidence: 'high' } })).toEqual([]));
  test('SIGKILL gives no time at all', () => expect(early(set(600), {}, { stopSignal: 'KILL' })[0]!.message).toContain('SIGKILL'));

  test('Compose where it is deployed: 10 s by default', () => {
    const grace = (change: Parameters<typeof worker>[0]) => check('container/stop-grace-period-too-short', model({ workers: [worker({ platform: 'compose', ...change })] }));
    const [problem] = grace({ stopTime: byDefault(10, { slots: [slot('compose.yaml', 4, { kind: 'insert', encoding: ['yaml'], before: '    stop_grace_period: ', after: 's\n' })] }), drainNeed: { is: 'unbounded', confidence: 'medium' } });
    expect(problem!.suggestion).toBe('add `stop_grace_period: 120s` to service worker');
    expect(problem!.fix!.edits[0]!.text).toBe('    stop_grace_period: 120s\n');
    expect(grace({ stopTime: byDefault(10), role: 'development' })).toEqual([]);
    expect(grace({ stopTime: set(600), drainNeed: { is: 'unbounded', confidence: 'medium' } })).toEqual([]);
    expect(check('container/stop-grace-period-too-short', model({ workers: [worker({ stopTime: byDefault(10) })] }))).toEqual([]);
  });
});

test('the values Fargate takes', () => {
  const refused = (value: number, platform: 'fargate' | 'ec2' = 'fargate') => check('ecs/stop-timeout-above-fargate-limit', model({ containers: [{ container: container({ stopTimeout: set(value) }), platform }] })).length;
  expect([1, 2, 120, 121, 120000].map(value => refused(value))).toEqual([1, 0, 0, 1, 1]);
  expect(refused(600, 'ec2')).toBe(0);
});

test('no log configuration', () => {
  const logged = (change: Parameters<typeof container>[0], more: Parameters<typeof worker>[0] = {}) => check('ecs/no-log-configuration', model({ workers: [worker({ container: container(change), ...more })] })).length;
  expect([logged({ logConfiguration: unset }), logged({ logConfiguration: byDefault('awslogs') }), logged({ logConfiguration: unknown }), logged({ logConfiguration: unset }, { platform: 'compose' })]).toEqual([1, 0, 0, 0]);
});
