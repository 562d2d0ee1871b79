from celery import Celery, signals

from newsletter.deliveries import count_delivery

app = Celery("newsletter", include=["newsletter.tasks"])
app.config_from_object("newsletter.settings")


@signals.task_prerun.connect
def limit_deliveries(task_id=None, **_):
    count_delivery(task_id)
