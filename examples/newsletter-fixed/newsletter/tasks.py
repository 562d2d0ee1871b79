import os

import requests
from redis import Redis
from redis.exceptions import LockError
from sqlalchemy.dialects.sqlite import insert

from newsletter import mail
from newsletter.app import app
from newsletter.models import Delivery, Issue, Session, User

redis = Redis.from_url(os.environ.get("REDIS_URL", "redis://localhost:6379/0"))
CRM_URL = os.environ.get("CRM_URL", "http://localhost:8080/contacts")
BATCH = 500


@app.task
def send_newsletter(issue_id, after=0):
    """Sends one short task per reader, a batch at a time, and continues behind the last one."""
    with Session() as session:
        ids = session.scalars(session.query(User.id).filter(User.id > after).order_by(User.id).limit(BATCH).statement).all()
    for user_id in ids:
        send_mail.delay(issue_id, user_id)
    if len(ids) == BATCH:
        send_newsletter.delay(issue_id, ids[-1])


@app.task
def send_mail(issue_id, user_id):
    with Session.begin() as session:
        claimed = session.execute(insert(Delivery).values(issue_id=issue_id, user_id=user_id).on_conflict_do_nothing())
        if claimed.rowcount == 0:
            return
        issue, user = session.get(Issue, issue_id), session.get(User, user_id)
        mail.send(user.email, issue.subject, issue.body)


@app.task(autoretry_for=(LockError,), retry_backoff=5, retry_backoff_max=300, max_retries=10)
def rebuild_segments():
    with redis.lock("rebuild-segments", timeout=130, blocking_timeout=0):
        with Session.begin() as session:
            session.query(User).filter(User.email.like("%@example.com")).update({"segment": "internal"})


@app.task(autoretry_for=(requests.RequestException,), retry_backoff=5, retry_backoff_max=300, max_retries=10)
def sync_contact(user_id):
    with Session() as session:
        user = session.get(User, user_id)
    requests.put(f"{CRM_URL}/{user.id}", json={"email": user.email}, timeout=10).raise_for_status()
