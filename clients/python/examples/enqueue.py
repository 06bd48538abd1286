"""Enqueues a job, and waits for its result: `python enqueue.py http://127.0.0.1:5000`"""

import sys
import uuid

from presque_client import Client
from presque_client.api.jobs import enqueue_job, get_job
from presque_client.models import EnqueueResult, Job, NewJob

base_url = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:5000"
with Client(base_url) as client:
    # With a key the call can be repeated, should its answer get lost: there will be one job.
    new = enqueue_job.sync(
        "mail", client=client, body=NewJob(kind="welcome", payload={"user_id": 17}), idempotency_key=str(uuid.uuid4())
    )
    if not isinstance(new, EnqueueResult):
        sys.exit(f"not enqueued: {new}")
    print("enqueued", new.id)
    job = get_job.sync(new.id, client=client, wait_ms=20_000, include=["result"])
    if isinstance(job, Job):
        print(job.state, job.result)
