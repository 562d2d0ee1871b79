import type { Circumstances } from './circumstances.js';
import type { Delay, Event, Fate, Outcome } from './outcome.js';

/**
 * The fate of a message whose circumstances are all known. Several answers: a race of the software itself, seen as one in repeated
 * experiments. Sources: facts of celery 5.6.3 and kombu 5.6.2 by line in the comments; "measured" is test/experiments/measured (celery 5.2.6, 5.6.3, 5.7.0).
 */
export function decide(c: Circumstances, event: Event): readonly Fate[] {
  switch (event) {
    case 'stop': return stop(c);
    case 'second-stop': return stop(c).map(({ outcome, because }) => ({ outcome, because: ['it runs again', ...because] }));
    case 'container-killed': return killed(c, []);
    case 'host-lost': return killed(c, []).map(fate => (fate.outcome.is === 'restarts' && c.broker === 'rabbitmq' ? { ...fate, outcome: { is: 'restarts', after: 'noticed' } } : fate));
    case 'child-killed': return childKilled(c);
    case 'connection-lost': return connectionLost(c);
    case 'hard-limit': return hardLimit(c);
    case 'exception': return exception(c);
    case 'visibility-timeout': return visibilityTimeout(c);
    case 'consumer-timeout': return consumerTimeout(c);
    case 'recycled': return [completes('the child ends after its task')];
    case 'long-task-ahead': return [completes('it waits for the task ahead')];
  }
}

const as = (outcome: Outcome, ...because: readonly string[]): Fate => ({ outcome, because });
const completes = (...because: readonly string[]): Fate => as({ is: 'completes' }, ...because);
const lost = (...because: readonly string[]): Fate => as({ is: 'lost' }, ...because);

/** The broker has the message (again). Without another worker it stays there. */
function restarts(c: Circumstances, after: Delay, ...because: readonly string[]): Fate {
  return c.replaced ? as({ is: 'restarts', after }, ...because) : as({ is: 'stuck' }, ...because, 'no worker is left to take it');
}

/** The container ends now, and nothing in it can act. What was not acknowledged is all there is (request.py:515-522; measured: prefetch-kill). */
function killed(c: Circumstances, because: readonly string[]): readonly Fate[] {
  if (c.message !== 'running' || c.acksLate) return unacknowledged(c, because);
  return c.ackSent ? [lost(...because, 'it was acknowledged when it started')] : unacknowledged(c, [...because, 'its acknowledgement had not been sent yet']);
}

/** How the broker gets back what a dead process held (measured: slow-restore-period, stop-outlives). */
function unacknowledged(c: Circumstances, because: readonly string[]): readonly Fate[] {
  if (c.broker === 'rabbitmq') return [restarts(c, 'at-once', ...because, 'RabbitMQ gives it out again')];
  if (c.broker === 'redis' && c.pool === 'gevent') return [as({ is: 'stuck' }, ...because, 'gevent workers never look for messages of dead ones')];
  const later = restarts(c, 'visibility-timeout', ...because, 'its visibility timeout has to pass');
  // the same event loop as gevent, not measured
  return c.broker === 'redis' && c.pool === 'eventlet' ? [later, as({ is: 'stuck' }, ...because, 'eventlet workers may never look for messages of dead ones')] : [later];
}

/** What a worker that still acts gives back: at once, on SQS after wait_time_seconds or (a known race, kombu#1819) the visibility timeout. */
function givenBack(c: Circumstances, because: readonly string[]): readonly Fate[] {
  return c.broker === 'sqs' ? [restarts(c, 'restored', ...because, 'given back'), restarts(c, 'visibility-timeout', ...because, 'given back too late')] : [restarts(c, 'at-once', ...because, 'given back')];
}

function stop(c: Circumstances): readonly Fate[] {
  if (c.signal === 'kills') return killed(c, ['SIGTERM', 'PID 1 dies', 'everything is killed at once']);
  if (c.signal === 'ignored') return c.ends !== 'too-late' && c.message === 'running' ? [completes('SIGTERM', 'nobody passes it on', 'the task ends before SIGKILL')] : killed(c, ['SIGTERM', 'nobody passes it on', 'SIGKILL']);
  if (c.remaps) return c.pool === 'prefork' ? cold(c) : coldWithoutChildren(c);
  return c.signal === 'group' && c.pool === 'prefork' && c.message === 'running' ? signalledChild(c) : warm(c);
}

/** SystemExit in the child: a failure, acknowledged as such, unless the pool says its worker is lost (facts 2, run on both billiards). */
function signalledChild(c: Circumstances): readonly Fate[] {
  const because = ['SIGTERM reaches the child too', 'its task is cut off'];
  if (!c.acksLate) return [lost(...because, 'it was acknowledged when it started')];
  return c.rejectsLost && !c.forgetsCancelled ? givenBack(c, because) : [lost(...because, 'acknowledged as failed')];
}

function warm(c: Circumstances): readonly Fate[] {
  const because = ['SIGTERM', 'the worker waits for running tasks'];
  if (c.pool === 'solo' && !c.modernPools && c.message === 'running') {
    const aborted = ['SIGTERM', 'the solo pool aborts the task'];
    return c.acksLate ? givenBack(c, aborted) : [lost(...aborted, 'it was acknowledged before')];
  }
  if (c.ends === 'too-late') return killed(c, [...because, 'SIGKILL']);
  if (c.message !== 'running') return c.pool === 'threads' && c.message === 'prefetched' ? [completes(...because, 'it is run before the worker leaves')] : c.ends === 'in-time' ? givenBack(c, because) : [...givenBack(c, because), ...killed(c, [...because, 'SIGKILL'])];
  if (c.pool === 'gevent' && !c.modernPools && (c.acksLate || !c.ackSent)) return [as({ is: 'twice' }, ...because, 'it ends', 'its acknowledgement is never sent')];
  if (c.acksLate && c.broker === 'rabbitmq' && c.pool === 'prefork' && !c.beatsWhenWarm && c.outlastsHeartbeat) return [as({ is: 'twice' }, ...because, 'no heartbeats are sent meanwhile', 'RabbitMQ gives it out again')];
  return [completes(...because, 'it ends in time')];
}

/** Cold shutdown on prefork (apps/worker.py:369-430; consumer.py:742-773): an optional soft wait, then running tasks are cut off. */
function cold(c: Circumstances): readonly Fate[] {
  const because = ['SIGTERM as SIGQUIT'];
  if (c.message !== 'running') return c.soft !== 'none' && !c.softFits ? killed(c, [...because, 'the soft shutdown sleeps', 'SIGKILL']) : givenBack(c, because);
  if (c.soft === 'none') return cutOff(c, because);
  const asleep = [...because, 'the soft shutdown sleeps'];
  if (c.softFits) return c.soft === 'long-enough' ? [completes(...asleep, 'it ends meanwhile')] : cutOff(c, [...asleep, 'its time is over']);
  if (c.ends === 'too-late') return killed(c, [...asleep, 'SIGKILL']);
  // the main process sleeps in its signal handler and acknowledges only afterwards (measured: soft=2, stopTimeout=3.5, task=1.2)
  return c.acksLate ? [as({ is: 'twice' }, ...asleep, 'it ends', 'SIGKILL comes before its acknowledgement'), completes(...asleep, 'it ends and is acknowledged')] : [completes(...asleep, 'it ends meanwhile')];
}

/** Measured: remap-long, stop-outlives/…/REMAP, soft/…; the loss with billiard 4.3 was run in celery facts 1. */
function cutOff(c: Circumstances, because: readonly string[]): readonly Fate[] {
  const cut = [...because, 'its task is cut off'];
  if (!c.acksLate) return [lost(...cut, 'it was acknowledged when it started')];
  return c.forgetsCancelled ? [lost(...cut, 'billiard reports that as a failure, which is acknowledged')] : givenBack(c, cut);
}

/** Pools whose terminate_job is missing or kills the greenlet (concurrency/base.py:112-114; measured: stop-outlives/…/{threads,solo,gevent}/…/REMAP). */
function coldWithoutChildren(c: Circumstances): readonly Fate[] {
  const because = ['SIGTERM as SIGQUIT'];
  if (c.pool === 'threads') return coldThreads(c, because);
  if (c.pool === 'solo' && c.soloWaits) return coldSolo(c, because);
  const hangs = c.pool === 'solo' && c.modernPools;
  if (c.message !== 'running') return hangs ? unacknowledged(c, [...because, 'the worker hangs', 'SIGKILL']) : givenBack(c, because);
  const cut = [...because, 'its task is cut off'];
  const gone = lost(...cut, c.acksLate ? 'the cut is acknowledged' : 'it was acknowledged');
  const back = hangs ? unacknowledged(c, [...cut, 'the worker hangs', 'SIGKILL']) : givenBack(c, cut);
  if (c.pool === 'eventlet') return [gone, ...back];
  // it takes up to 1.6 s and more: SIGKILL may come first (measured: stop-outlives/5.4.0/redis/gevent/late/REMAP)
  const interrupted = c.pool === 'gevent' && !c.softFits ? killed(c, [...cut, 'SIGKILL']) : [];
  // it takes 0.7 s (5.2.6) to 2.6 s (5.4.0), and an early acknowledgement may leave meanwhile (measured: stop-outlives and remap-long/…/gevent/early/REMAP)
  if (!c.modernPools) return [...(c.acksLate ? back : c.pool === 'gevent' && !c.ackSent ? [...back, gone] : [gone]), ...interrupted];
  if (c.broker === 'redis') return [gone];
  // whether the acknowledgement still leaves is a race (measured: stop-outlives/…/rabbitmq/solo/late/REMAP, rerun with 5.6.3, lost with 5.5.3)
  return [gone, ...back];
}

/** The handler sets a flag that is read when the task is over (measured: stop-outlives/5.4.0/…/solo/…/REMAP); what becomes of one that ends in time was not. */
function coldSolo(c: Circumstances, because: readonly string[]): readonly Fate[] {
  const waits = [...because, 'the solo pool waits for its task'], cut = killed(c, [...waits, 'SIGKILL']);
  if (c.ends === 'too-late') return cut;
  return c.message === 'running' ? [completes(...waits, 'it ends in time'), ...cut] : [...givenBack(c, waits), ...cut];
}

/** NotImplementedError ends the main loop from 5.5 on; the tasks run on, the prefetched ones too, until SIGKILL. */
function coldThreads(c: Circumstances, because: readonly string[]): readonly Fate[] {
  const waits = [...because, 'this pool cannot stop tasks and waits for them'];
  if (c.ends === 'too-late' || c.message === 'held') return killed(c, [...waits, 'SIGKILL']);
  const done = completes(...waits, 'it ends in time');
  return c.ends === 'barely' ? [done, ...killed(c, [...waits, 'SIGKILL'])] : [done];
}

/** One child process dies, by running out of memory (request.py:601-628; measured: oom-child, oom-loop). Other pools are one process. */
function childKilled(c: Circumstances): readonly Fate[] {
  if (c.pool !== 'prefork') return killed(c, ['the process is killed']);
  if (c.message !== 'running') return [completes('it was not in the child')];
  const because = ['the child is killed', 'WorkerLostError'];
  if (!c.acksLate) return [lost(...because, 'it was acknowledged when it started')];
  if (!c.rejectsLost) return c.acksFailures || c.broker !== 'sqs' ? [lost(...because, c.acksFailures ? 'acknowledged as failed' : 'rejected for good')] : again(c, 'visibility-timeout', because);
  return again(c, c.broker === 'sqs' ? 'restored' : 'at-once', because);
}

/** Given back; and again, without end, where the same happens at every try. */
function again(c: Circumstances, after: Delay, because: readonly string[]): readonly Fate[] {
  if (!c.everyTry) return [restarts(c, after, ...because, 'given back')];
  return c.capped ? [as({ is: 'fails' }, ...because, 'given back', 'until its cap')] : [as({ is: 'loops' }, ...because, 'given back', ...because, '…')];
}

/** request.py:613-628: an ordinary failure, acknowledged, unless acks_on_failure_or_timeout is off (measured: time-limit). */
function hardLimit(c: Circumstances): readonly Fate[] {
  if (c.pool !== 'prefork' && c.pool !== 'gevent') return [completes(`${c.pool} ignores time limits`)];
  if (c.softLimit && c.pool === 'prefork') {
    const because = ['SoftTimeLimitExceeded comes first'];
    return [c.retriesSoftLimit ? as({ is: 'restarts', after: 'retried' }, ...because, 'autoretry_for publishes it again, until max_retries') : as({ is: 'fails' }, ...because)];
  }
  const because = ['the hard limit kills it'];
  if (!c.acksLate) return [lost(...because, 'it was acknowledged when it started')];
  if (c.acksFailures) return [lost(...because, 'acknowledged as failed')];
  if (c.pool === 'gevent') return unacknowledged(c, [...because, 'neither acknowledged nor given back']);
  if (!c.requeuesLimits) return c.broker === 'sqs' ? again(c, 'visibility-timeout', because) : [lost(...because, 'rejected for good')];
  return c.capped ? [as({ is: 'fails' }, ...because, 'given back', 'until its cap')] : [as({ is: 'loops' }, ...because, 'given back', ...because, '…')];
}

/** The task raises: its own end, recorded as FAILURE. On SQS a reject deletes nothing (kombu SQS.py:209-219). */
function exception(c: Circumstances): readonly Fate[] {
  const fails = as({ is: 'fails' }, 'the task raises', 'FAILURE');
  return c.acksLate && !c.acksFailures && c.broker === 'sqs' ? again(c, 'visibility-timeout', ['the task raises', 'rejected, which SQS does not delete']) : [fails];
}

/** kombu restores everything older than the visibility timeout when a worker starts and every 100 s (redis.py:410-425; measured: vt-short, slow-vt-short, eta-vt). */
function visibilityTimeout(c: Circumstances): readonly Fate[] {
  if (c.broker === 'rabbitmq' || !c.outlastsVisibility) return [completes('it is acknowledged in time')];
  if (c.message === 'running' && !c.acksLate && c.ackSent) return [completes('it was acknowledged when it started')];
  const because = ['the visibility timeout passes', 'another worker gets it', ...(c.message === 'held' ? ['each runs it when its time has come'] : ['both run it'])];
  const twice = as({ is: 'twice' }, ...because);
  return c.broker === 'redis' && (c.pool === 'gevent' || c.pool === 'eventlet') ? [twice, completes('no worker starts meanwhile')] : [twice];
}

/** RabbitMQ closes the channel, and the worker process ends with "Unrecoverable error" (measured: consumer-timeout). */
function consumerTimeout(c: Circumstances): readonly Fate[] {
  if (c.broker !== 'rabbitmq' || !c.outlastsConsumer) return [completes('it is acknowledged in time')];
  if (c.message === 'running' && !c.acksLate && c.ackSent) return [completes('it was acknowledged when it started')];
  const because = ['RabbitMQ closes the channel', 'it ends and cannot be acknowledged', 'the worker ends'];
  return c.replaced ? [as({ is: 'loops' }, ...because, 'the next worker does the same')] : [completes(...because)];
}

/** What was not acknowledged goes back at the reconnect, running or not (consumer.py:383-412; measured: conn-drop). SQS has no connection. */
function connectionLost(c: Circumstances): readonly Fate[] {
  if (c.broker === 'sqs') return [completes('SQS keeps no connection')];
  const because = ['the broker connection is lost'];
  if (c.message !== 'running') return [restarts(c, 'at-once', ...because, 'given back')];
  if (!c.acksLate && c.ackSent) return [completes(...because, 'it was acknowledged when it started')];
  if (c.pool === 'prefork' && c.cancelsOnLoss) {
    const stopped = restarts(c, 'at-once', ...because, 'its task is stopped', 'given back');
    return c.broker === 'rabbitmq' ? [stopped, completes(...because, 'it ends first')] : [stopped];
  }
  const twice = as({ is: 'twice' }, ...because, 'given back', 'the first run goes on');
  const once = completes(...because, 'it ends before the reconnect');
  if (c.pool === 'solo') return c.broker === 'redis' ? [once] : [twice];
  return c.pool === 'gevent' || c.pool === 'eventlet' ? [twice, once] : [twice];
}
