import os

import requests
from redis import Redis

from newsletter import mail
from newsletter.app import app
from newsletter.models import Issue, Session, User

redis = Redis.from_url(os.environ.get("REDIS_URL", "redis://localhost:6379/0"))
CRM_URL = os.environ.get("CRM_URL", "http://localhost:8080/contacts")


@app.task
def send_newsletter(issue_id):
    with Session() as session:
        issue = session.get(Issue, issue_id)
        for user in session.query(User).all():
            mail.send(user.email, issue.subject, issue.body)


@app.task
def rebuild_segments():
    if not redis.set("rebuild-segments", "1", nx=True):
        return
    try:
        with Session.begin() as session:
            session.query(User).filter(User.email.like("%@example.com")).update({"segment": "internal"})
    finally:
        redis.delete("rebuild-segments")


@app.task(bind=True, max_retries=10)
def sync_contact(self, user_id):
    with Session() as session:
        user = session.get(User, user_id)
    try:
        requests.put(f"{CRM_URL}/{user.id}", json={"email": user.email}, timeout=10).raise_for_status()
    except requests.RequestException as error:
        raise self.retry(exc=error, countdown=5)
