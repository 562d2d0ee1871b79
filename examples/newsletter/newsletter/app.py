from celery import Celery

app = Celery("newsletter", include=["newsletter.tasks"])
app.config_from_object("newsletter.settings")
