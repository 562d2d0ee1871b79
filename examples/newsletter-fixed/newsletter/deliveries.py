"""A cap on redeliveries: a task that always kills its process must not come back for ever."""

import os

from celery.exceptions import Reject
from redis import Redis

MAX_DELIVERIES = 5
redis = Redis.from_url(os.environ.get("REDIS_URL", "redis://localhost:6379/0"))


def count_delivery(task_id):
    """Raises Reject (without requeue) at the sixth delivery of the same message."""
    key = f"deliveries:{task_id}"
    delivery_count = redis.incr(key)
    redis.expire(key, 24 * 60 * 60)
    if delivery_count > MAX_DELIVERIES:
        raise Reject(f"{task_id} was delivered {delivery_count} times", requeue=False)
