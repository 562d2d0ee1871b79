"""A cap on redeliveries: a task that always kills its process must not come back for ever."""

import os

from celery import Task
from celery.exceptions import Reject
from redis import Redis

MAX_DELIVERIES = 5
redis = Redis.from_url(os.environ.get("REDIS_URL", "redis://localhost:6379/0"))


class CountedTask(Task):
    def before_start(self, task_id, args, kwargs):
        """Rejects (without requeue) the sixth delivery of the same message; a retry is a message of its own."""
        key = f"deliveries:{task_id}:{self.request.retries}"
        delivery_count = redis.incr(key)
        redis.expire(key, 24 * 60 * 60)
        if delivery_count > MAX_DELIVERIES:
            raise Reject(f"{task_id} was delivered {delivery_count} times", requeue=False)
