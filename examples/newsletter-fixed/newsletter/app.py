from celery import Celery

from newsletter.deliveries import CountedTask

app = Celery("newsletter", task_cls=CountedTask, include=["newsletter.tasks"])
app.config_from_object("newsletter.settings")
