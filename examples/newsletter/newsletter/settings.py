import os

broker_url = os.environ.get("REDIS_URL", "redis://localhost:6379/0")
result_backend = broker_url

task_serializer = "json"
accept_content = ["json"]
timezone = "Europe/Berlin"
