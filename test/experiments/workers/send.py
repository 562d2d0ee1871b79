"""send.py APP: sends the messages of /experiment/outbox (lines of JSON: id, task, args, countdown, queue) as the app itself would."""
import json
import os
import sys

from celery.app.utils import find_app
import sitecustomize

app = find_app(sys.argv[1])
app.finalize(auto=True)
app.loader.import_default_modules()
if app.conf.task_always_eager:
    sitecustomize.measure_tasks(app)
with open(f"{os.environ['EXPERIMENT_SHARED']}/outbox") as file:
    for line in file:
        message = json.loads(line)
        options = {name: message[name] for name in ("countdown", "queue") if message.get(name) is not None}
        app.tasks[message["task"]].apply_async(message.get("args", []), task_id=message["id"], **options)
