import os

broker_url = os.environ.get("REDIS_URL", "redis://localhost:6379/0")
result_backend = broker_url

task_serializer = "json"
accept_content = ["json"]
timezone = "Europe/Berlin"

# A deployment stops a worker 120 s after SIGTERM (infra/task-definition.json); no task runs longer than that.
task_time_limit = 100
task_soft_time_limit = 90

# A message is acknowledged after its task ended, so a killed task runs again. Every task here may run twice.
task_acks_late = True
task_reject_on_worker_lost = True  # at most MAX_DELIVERIES times, see newsletter/deliveries.py
worker_prefetch_multiplier = 1
worker_cancel_long_running_tasks_on_connection_loss = True

# Above the longest task (100 s), its longest retry delay (300 s) and the stop (120 s): nothing is delivered twice while it runs.
broker_transport_options = {"visibility_timeout": 15 * 60}
