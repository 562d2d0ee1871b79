"""Loaded by every Python process of an experiment. Once Celery's worker or the sender has imported the app under test, unchanged, this

- multiplies its durations by EXPERIMENT_SCALE (time limits, visibility timeout, soft shutdown);
- puts a measured sleep in the place of what the task functions do. EXPERIMENT_BODY=own: measures their own bodies instead. EXPERIMENT_BODY=stand-in:
  leaves them alone, and what they call is replaced by a stand-in, which calls work() or done();
- writes what happens to /experiment/events: one O_APPEND write an event, so that processes do not mix theirs; CLOCK_MONOTONIC.

Nothing else of the app is touched: its settings, options, command line and processes are what the fixture says."""
import importlib.abc
import importlib.util
import json
import os
import sys
import time
import uuid
from datetime import timedelta
from functools import partial

SHARED = "/experiment" if os.environ.get("EXPERIMENT_WORKER") else os.environ.get("EXPERIMENT_SHARED", "")
SCALE = float(os.environ.get("EXPERIMENT_SCALE", "1"))
BALLAST = []


def emit(event, **more):
    line = json.dumps({**more, "ev": event, "t": time.monotonic(), "w": os.environ.get("EXPERIMENT_WORKER", "sender")}) + "\n"
    fd = os.open(f"{SHARED}/events", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    os.write(fd, line.encode())
    os.close(fd)


def message(tid):
    """What the sender said of it: seconds, MiB."""
    with open(f"{SHARED}/messages/{tid}") as file:
        return json.load(file)


def measured(task, own=None):
    def body(*args, **kwargs):
        tid, ex = task.request.id, uuid.uuid4().hex[:8]
        emit("start", tid=tid, ex=ex, red=bool((task.request.delivery_info or {}).get("redelivered")))
        try:
            result = own(*args, **kwargs) if own else wait(message(tid))
        except BaseException as error:  # what reached the task body
            emit("interrupted", tid=tid, ex=ex, exc=type(error).__name__)
            raise
        emit("end", tid=tid, ex=ex)
        return result

    return body


def work():
    """Of a stand-in: the work of the message that is run, from begin to end."""
    tid, ex = current(), uuid.uuid4().hex[:8]
    emit("start", tid=tid, ex=ex)
    wait(message(tid))
    emit("end", tid=tid, ex=ex)


def done():
    """Of a stand-in: the work is done at once, and who asked for it hears of it later."""
    tid, ex = current(), uuid.uuid4().hex[:8]
    emit("start", tid=tid, ex=ex)
    emit("end", tid=tid, ex=ex)
    wait(message(tid))


def current():
    from celery import current_task

    return current_task.request.id


def wait(what):
    if what.get("mebibytes"):
        BALLAST.append(bytearray(what["mebibytes"] << 20))
    end = time.monotonic() + what["seconds"]
    while time.monotonic() < end:
        time.sleep(min(0.1, max(0.001, end - time.monotonic())))


def scaled(value):
    if isinstance(value, timedelta):
        return value * SCALE
    return value * SCALE if isinstance(value, (int, float)) and not isinstance(value, bool) else value


def scale_settings(conf):
    def put(name, value):  # under a namespace, the name with its prefix is looked up first
        for key in {name, f"{conf.prefix}{name}" if conf.prefix else name, f"{conf.prefix}{name}".upper() if conf.prefix else name}:
            conf.changes[key] = value

    for name in ("task_time_limit", "task_soft_time_limit", "worker_soft_shutdown_timeout"):
        if conf.get(name):
            put(name, scaled(conf[name]))
    options = dict(conf.broker_transport_options or {})
    if "visibility_timeout" in options:
        put("broker_transport_options", {**options, "visibility_timeout": scaled(options["visibility_timeout"])})


def measure_tasks(app):
    body = os.environ.get("EXPERIMENT_BODY")
    own = body == "own"
    for name, task in app.tasks.items():
        if name.startswith("celery."):
            continue
        for limit in ("time_limit", "soft_time_limit"):
            if getattr(task, limit, None):
                setattr(task, limit, scaled(getattr(task, limit)))
        if body == "stand-in":
            continue
        wrapped = "_orig_run" if hasattr(task, "_orig_run") else "run"  # autoretry_for keeps the function there
        setattr(task, wrapped, measured(task, getattr(task, wrapped) if own else None))
        if own:
            task.retry = partial(retry_scaled, task.retry)


def retry_scaled(retry, *args, **options):
    return retry(*args, **{name: scaled(value) if name == "countdown" else value for name, value in options.items()})


def hook():
    from celery import signals

    # the worker reads its settings after the first signal, and has imported the tasks at the second
    if SCALE != 1:
        signals.celeryd_init.connect(lambda conf=None, **_: scale_settings(conf), weak=False)
    signals.worker_init.connect(lambda sender=None, **_: measure_tasks(sender.app), weak=False)
    signals.worker_ready.connect(lambda **_: emit("ready"), weak=False)


class Hooked(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Calls hook() behind the import of Celery's worker: earlier imports would come before gevent's and eventlet's patches."""

    def find_spec(self, name, path=None, target=None):
        if name != "celery.apps.worker":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        if spec is not None:
            self.real, spec.loader = spec.loader, self
        return spec

    def create_module(self, spec):
        return self.real.create_module(spec)

    def exec_module(self, module):
        self.real.exec_module(module)
        hook()


if SHARED:
    sys.meta_path.insert(0, Hooked())
