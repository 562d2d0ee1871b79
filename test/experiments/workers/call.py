"""call.py APP: runs /experiment/call.py as code of the app's tree. The messages it publishes get the ids of /experiment/outbox (one a line), in turn."""
import os
import sys

sys.path.insert(0, os.getcwd())

from celery import signals
from celery.app.utils import find_app

SHARED = os.environ["EXPERIMENT_SHARED"]

app = find_app(sys.argv[1])
app.finalize(auto=True)
app.loader.import_default_modules()
with open(f"{SHARED}/outbox") as file:
    ids = iter(file.read().split())


@signals.before_task_publish.connect
def named(headers=None, **_):
    headers["id"] = next(ids)


with open(f"{SHARED}/call.py") as file:
    exec(compile(file.read(), "call.py", "exec"), {"__name__": "__main__"})
