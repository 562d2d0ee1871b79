"""What real Celery makes of a project: started once per version with that version's interpreter.

Reads one JSON object a line ({"id", "dir", "argv", "env"}), forks, and in the child runs the real command line `celery …` in that
folder with exactly that environment. The worker is built, never started: `WorkController.start` writes down what it runs with instead.
Writes one JSON object a line: {"id", "settings", "worker", "tasks"} or {"id", "error", "message"}.
"""
import datetime
import json
import math
import os
import select
import signal
import sys
import traceback

TIMEOUT = 40

KEPT = {name: os.environ[name] for name in ('PATH', 'LANG', 'HOME') if name in os.environ}
os.environ.clear()
os.environ.update(KEPT)
sys.dont_write_bytecode = True

import celery  # noqa: E402
import celery.app.amqp, celery.app.annotations, celery.app.backends, celery.app.control, celery.app.defaults, celery.app.events  # noqa: E401,E402
import celery.app.log, celery.app.task, celery.app.trace, celery.apps.worker, celery.bin.celery, celery.concurrency.prefork  # noqa: E401,E402
import celery.concurrency.solo, celery.concurrency.thread, celery.loaders.app, celery.loaders.default, celery.beat, celery.fixups.django  # noqa: E401,E402
import celery.worker.autoscale, celery.worker.components, celery.worker.consumer, celery.worker.worker, celery.worker.strategy  # noqa: E401,E402
import kombu.transport.memory, kombu.transport.pyamqp, kombu.transport.redis  # noqa: E401,E402
from celery import concurrency  # noqa: E402
for optional in ('django.conf', 'yaml', 'decouple', 'environ', 'flask', 'dynaconf'):
    try:
        __import__(optional)
    except ImportError:
        pass

ALIASES = {name: concurrency.ALIASES[name] for name in ('prefork', 'solo', 'threads') if name in concurrency.ALIASES}
NAMES = [name for name, _ in celery.app.defaults.flatten(celery.app.defaults.NAMESPACES)]

#: What a worker takes from its command line or, without, from the configuration: attribute → the setting's name.
WORKER_VIEW = {
    'concurrency': 'worker_concurrency', 'prefetch_multiplier': 'worker_prefetch_multiplier', 'time_limit': 'task_time_limit',
    'soft_time_limit': 'task_soft_time_limit', 'max_tasks_per_child': 'worker_max_tasks_per_child',
    'max_memory_per_child': 'worker_max_memory_per_child', 'task_events': 'worker_send_task_events', 'statedb': 'worker_state_db',
    'scheduler': 'beat_scheduler', 'schedule_filename': 'beat_schedule_filename', 'consumer_cls': 'worker_consumer', 'timer_cls': 'worker_timer',
    'timer_precision': 'worker_timer_precision', 'autoscaler_cls': 'worker_autoscaler', 'pool_putlocks': 'worker_pool_putlocks',
    'pool_restarts': 'worker_pool_restarts', 'disable_rate_limits': 'worker_disable_rate_limits', 'worker_lost_wait': 'worker_lost_wait',
}
TASK_OPTIONS = ('acks_late', 'acks_on_failure_or_timeout', 'reject_on_worker_lost', 'time_limit', 'soft_time_limit', 'max_retries',
                'default_retry_delay', 'retry_backoff', 'retry_backoff_max', 'ignore_result', 'track_started', 'rate_limit')


def plain(value, depth=0):
    """As JSON can hold it: a duration in seconds, tuples as lists, whatever else as marked text."""
    if depth > 12:
        return {'⟨opaque⟩': 'deep'}
    if value is None or isinstance(value, (bool, str, int)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else {'⟨number⟩': str(value)}
    if isinstance(value, datetime.timedelta):
        return {'seconds': value.total_seconds()}
    if isinstance(value, dict):
        return {str(key): plain(inner, depth + 1) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(inner, depth + 1) for inner in value]
    if isinstance(value, (set, frozenset)):
        return sorted((plain(inner, depth + 1) for inner in value), key=str)
    return {'⟨opaque⟩': type(value).__name__}


def settings_of(app, included):
    settings, fallbacks = {}, {}
    for name in NAMES:
        settings[name] = plain(getattr(app.conf, name))
        # these fall back to another setting, which is compared under its own name
        if name in ('broker_read_url', 'broker_write_url', 'task_default_exchange', 'task_default_routing_key'):
            fallbacks[name] = plain(app.conf.get(name))
    settings['include'] = plain(included)
    return settings, fallbacks


def pool_name(pool):
    path = f'{pool.__module__}:{pool.__name__}' if isinstance(pool, type) else str(pool)
    return next((alias for alias, target in ALIASES.items() if target == path), path)


def worker_of(worker):
    view = {setting: plain(getattr(worker, attribute)) for attribute, setting in WORKER_VIEW.items() if hasattr(worker, attribute)}
    view['worker_pool'] = pool_name(worker.pool_cls)
    view['autoscale'] = plain(getattr(worker, 'max_concurrency', None) and [worker.max_concurrency, worker.min_concurrency])
    view['cpu_count'] = celery.worker.worker.cpu_count()
    return view


def tasks_of(app, worker):
    app.finalize()
    found = {}
    for name, task in app.tasks.items():
        if name.startswith('celery.'):
            continue
        options = {option: plain(getattr(task, option, None)) for option in TASK_OPTIONS}
        # a falsy limit of the task leaves the pool's (celery worker/request.py)
        options['time_limit'] = plain(task.time_limit or worker.time_limit)
        options['soft_time_limit'] = plain(task.soft_time_limit or worker.soft_time_limit)
        found[name] = options
    return found


def report_to(pipe):
    def finish(answer):
        with os.fdopen(pipe, 'w', encoding='utf-8') as out:
            out.write(json.dumps(answer))
        os._exit(0)

    def start(worker):
        try:
            settings, fallbacks = settings_of(worker.app, worker._included)
            finish({'settings': settings, 'fallbacks': fallbacks, 'worker': worker_of(worker), 'tasks': tasks_of(worker.app, worker)})
        except BaseException as exc:
            finish({'error': type(exc).__name__, 'message': str(exc)[:2000], 'trace': traceback.format_exc()[-1500:]})

    setup_includes = celery.worker.worker.WorkController.setup_includes

    def remembering(worker, includes):
        # the worker then adds the modules of all tasks, for the sake of execv: no part of the configuration
        worker._included = [*worker.app.conf.include, *(includes or ())]
        setup_includes(worker, includes)

    celery.worker.worker.WorkController.setup_includes = remembering
    celery.worker.worker.WorkController.start = start
    return finish


def child(job, pipe):
    signal.alarm(TIMEOUT)
    os.environ.clear()
    os.environ.update(KEPT)
    os.environ.update(job['env'])
    os.chdir(job['dir'])
    null = os.open(os.devnull, os.O_RDWR)
    errors = os.memfd_create('errors')
    os.dup2(null, 0), os.dup2(null, 1), os.dup2(errors, 2)
    finish = report_to(pipe)
    argv = job['argv']
    # the detached process gets the same arguments without -D
    sys.argv = [argument for argument in argv if argument not in ('-D', '--detach')]
    sys.path[0] = os.path.dirname(sys.executable)
    from celery import __main__ as program
    try:
        program.main()
    except BaseException as exc:
        sys.stderr.flush()
        os.lseek(errors, 0, 0)
        text = os.read(errors, 200_000).decode('utf-8', 'replace')
        kind = type(exc).__name__
        if isinstance(exc, SystemExit):
            kind = next((name for name in ('ImproperlyConfigured', 'ModuleNotFoundError', 'ImportError', 'No such option', 'UsageError') if name in text), f'SystemExit({exc.code})')
        finish({'error': kind, 'message': str(exc)[:1500], 'output': text[-1500:]})
    finish({'error': 'Ended', 'message': 'the command ended without a worker'})


def ask(job):
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        try:
            child(job, writing)
        finally:
            os._exit(3)
    os.close(writing)
    chunks = []
    while True:
        ready, _, _ = select.select([reading], [], [], TIMEOUT + 5)
        if not ready:
            os.kill(pid, signal.SIGKILL)
            break
        chunk = os.read(reading, 1 << 20)
        if not chunk:
            break
        chunks.append(chunk)
    os.close(reading)
    _, status = os.waitpid(pid, 0)
    text = b''.join(chunks)
    try:
        return json.loads(text)
    except ValueError:
        return {'error': 'Crashed', 'message': f'the process ended with {status} and gave {len(text)} bytes'}


def main():
    print(json.dumps({'celery': celery.__version__, 'names': NAMES}), flush=True)
    for line in sys.stdin:
        job = json.loads(line)
        print(json.dumps({'id': job['id'], **ask(job)}), flush=True)


main()
