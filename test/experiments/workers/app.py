"""The app of the experiments that belong to no fixture: EXPERIMENT_SETTINGS and EXPERIMENT_TASK (JSON) are its settings and the options of its task."""
import json
import os

from celery import Celery

app = Celery("experiment")
app.conf.task_default_queue = os.environ["EXPERIMENT_QUEUE"]
app.conf.update(json.loads(os.environ["EXPERIMENT_SETTINGS"]))


@app.task(name="work", **json.loads(os.environ.get("EXPERIMENT_TASK", "{}")))
def work():
    """The plugin puts a measured sleep here."""
