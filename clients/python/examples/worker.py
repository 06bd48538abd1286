"""Works on the queue `mail` until SIGTERM or Ctrl-C: `python worker.py http://127.0.0.1:5000`"""

import logging
import sys
import threading
from typing import Any

from presque_client import Client
from presque_client.models import ClaimedJob
from presque_worker import Cancelled, Worker


def handle(job: ClaimedJob, cancelled: threading.Event) -> Any:
    for _ in range(10):  # a piece of work at a time
        if cancelled.wait(0.1):
            raise Cancelled
    return {"greeted": job.payload["user_id"]}


logging.basicConfig(level=logging.INFO)
base_url = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:5000"
Worker(Client(base_url), ["mail"], handle, concurrency=20).run()
