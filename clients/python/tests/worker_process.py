"""The worker of the tests, a process of its own: `worker_process.py QUEUE [CONCURRENCY] [GRACE]`.

It appends a line to the file in RUNS for every attempt that it starts.
"""

import logging
import os
import sys
import threading
import time
from typing import Any

from presque_client import Client
from presque_client.models import ClaimedJob
from presque_worker import Cancelled, Discard, Release, Worker


def handle(job: ClaimedJob, cancelled: threading.Event) -> Any:
    with open(os.environ["RUNS"], "a") as runs:
        # One write of a short line to a file opened for appending is not torn apart.
        runs.write(f"{time.time()} {os.getpid()} {job.id} {job.attempt}\n")
    match job.payload["do"]:
        case "once":
            if job.failed_attempts == 0:
                raise ValueError("the first attempt fails")
        case "always":
            raise RuntimeError("every attempt fails")
        case "discard":
            raise Discard("no use")
        case "release":
            if job.attempt == 1:
                raise Release(0.1)
        case "no-json":
            return {"a set": {1, 2}}
        case "too-large":
            return "x" * 100_000
        case "too-deep":
            result: list[Any] = []
            for _ in range(200):
                result = [result]
            return result
        case "until-cancelled":
            if not cancelled.wait(60):
                raise TimeoutError("nobody cancelled it")
            raise Cancelled
        case "sleep":
            time.sleep(job.payload["seconds"])
    return {"n": job.payload["n"]}


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    queue, concurrency, grace = [*sys.argv[1:], *["10", "10"][len(sys.argv) - 2 :]]
    client = Client(os.environ["PRESQUE_URL"])
    Worker(client, [queue], handle, concurrency=int(concurrency), grace_seconds=float(grace)).run()
