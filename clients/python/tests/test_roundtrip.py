"""Jobs from enqueue to their final state, through a live server at PRESQUE_URL."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from presque_client import Client
from presque_client.api.jobs import cancel_job, enqueue_jobs, list_job_attempts, list_jobs
from presque_client.api.queues import upsert_queue
from presque_client.api.workers import list_workers, signal_worker
from presque_client.models import (
    AttemptPage,
    CancelJobRequest,
    EnqueueJobsRequest,
    EnqueueJobsResponse,
    Job,
    JobPage,
    JobState,
    JobStatus,
    NewJob,
    Queue,
    SignalWorkerRequest,
    UpsertQueueRequest,
    Worker,
    WorkerPage,
)
from presque_client.types import UNSET

FINAL = {JobState.COMPLETED, JobState.DISCARDED, JobState.CANCELLED}


@pytest.fixture(scope="session")
def client() -> Iterator[Client]:
    url = os.environ.get("PRESQUE_URL")
    if not url:
        pytest.exit("PRESQUE_URL is not set: the address of a presque server, like http://127.0.0.1:5000", 2)
    with Client(url) as client:
        yield client


@pytest.fixture
def queue(client: Client) -> str:
    name = f"python-{uuid.uuid4().hex[:12]}"
    settings = {"backoff_base_ms": 50, "backoff_strategy": "fixed", "lease_ms": 2000, "max_attempts": 3}
    answer = upsert_queue.sync(name, client=client, body=UpsertQueueRequest.from_dict(settings))
    assert isinstance(answer, Queue), answer
    return name


class Workers:
    """Worker processes, and what they say that they ran."""

    def __init__(self, queue: str, folder: Path) -> None:
        self.queue, self.log, self.processes = queue, folder / "runs", list[subprocess.Popen[bytes]]()
        self.log.touch()

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        script = Path(__file__).with_name("worker_process.py")
        command = [sys.executable, str(script), self.queue, *arguments]
        self.processes.append(subprocess.Popen(command, env={**os.environ, "RUNS": str(self.log)}))
        return self.processes[-1]

    def runs(self) -> list[tuple[float, int, str, int]]:
        lines = (line.split() for line in self.log.read_text().splitlines())
        return [(float(at), int(pid), job, int(attempt)) for at, pid, job, attempt in lines]


@pytest.fixture
def workers(queue: str, tmp_path: Path) -> Iterator[Workers]:
    workers = Workers(queue, tmp_path)
    yield workers
    for process in workers.processes:
        process.kill()
        process.wait()


def enqueue(client: Client, queue: str, payloads: list[dict[str, Any]]) -> list[str]:
    jobs = [NewJob(queue=queue, payload=payload) for payload in payloads]
    answer = enqueue_jobs.sync(client=client, body=EnqueueJobsRequest(jobs), idempotency_key=str(uuid.uuid4()))
    assert isinstance(answer, EnqueueJobsResponse), answer
    return [str(result.id) for result in answer.results]


def all_jobs(client: Client, queue: str, **filters: Any) -> dict[str, Job]:
    jobs: dict[str, Job] = {}
    cursor: Any = UNSET
    while True:
        page = list_jobs.sync(client=client, queue=[queue], limit=filters.pop("limit", 500), cursor=cursor, **filters)
        assert isinstance(page, JobPage), page
        jobs |= {str(job.id): job for job in page.data}
        if not page.next_cursor:
            return jobs
        cursor = page.next_cursor


def until(seconds: float, what: str, holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.1)


def end(process: subprocess.Popen[bytes]) -> int:
    process.send_signal(signal.SIGTERM)
    return process.wait(15)


def test_every_job_ends_as_it_should(client: Client, queue: str, workers: Workers) -> None:
    special = ["discard", "release", "no-json", "too-large", "too-deep", "until-cancelled"]
    plan = special + ["once"] * 50 + ["always"] * 5 + ["killed"] * 4
    plan += ["ok"] * (1000 - len(plan))
    payloads = [{"do": do, "n": n, "seconds": 2} for n, do in enumerate(plan)]

    # These are there first, and alone, so that the worker that dies surely holds them.
    killed = [{**payload, "do": "sleep"} for payload in payloads if payload["do"] == "killed"]
    doomed = workers.start("4")
    doomed_ids = enqueue(client, queue, killed)
    until(15, "the first worker holds its jobs", lambda: len(workers.runs()) == len(killed))
    doomed.kill()

    others = [payload for payload in payloads if payload["do"] != "killed"]
    other_ids = enqueue(client, queue, others)
    do = {id: str(payload["do"]) for id, payload in zip(other_ids, others, strict=True)}
    do |= dict.fromkeys(doomed_ids, "killed")
    assert len(do) == 1000
    living = [workers.start(), workers.start()]

    to_cancel = next(id for id, what in do.items() if what == "until-cancelled")
    until(15, "the job to cancel runs", lambda: any(run[2] == to_cancel for run in workers.runs()))
    status = cancel_job.sync(uuid.UUID(to_cancel), client=client, body=CancelJobRequest(reason="a test"))
    assert isinstance(status, JobStatus) and status.state == JobState.RUNNING, status

    until(30, "all jobs are final", lambda: all(job.state in FINAL for job in all_jobs(client, queue).values()))
    assert [end(process) for process in living] == [0, 0]

    jobs = all_jobs(client, queue)
    assert jobs.keys() == do.keys()
    expected = {"discard": "discarded", "no-json": "discarded", "too-large": "discarded", "too-deep": "discarded"}
    expected |= {"always": "discarded", "until-cancelled": "cancelled"}
    wrong = {id: (do[id], job.state) for id, job in jobs.items() if job.state != expected.get(do[id], "completed")}
    assert not wrong

    attempts = Counter((do[id], job.attempt, job.failed_attempts) for id, job in jobs.items())
    assert attempts == {
        ("ok", 1, 0): plan.count("ok"),
        ("once", 2, 1): 50,
        ("always", 3, 3): 5,
        ("killed", 2, 1): 4,
        ("discard", 1, 1): 1,
        ("release", 2, 0): 1,
        ("no-json", 3, 3): 1,
        ("too-large", 1, 1): 1,
        ("too-deep", 1, 1): 1,
        ("until-cancelled", 1, 0): 1,
    }
    classes = {do[id]: job.last_error.error_class for id, job in jobs.items() if job.last_error}
    assert classes["discard"] == "Discard" and classes["always"] == "RuntimeError" and classes["no-json"] == "TypeError"
    assert classes["too-large"] == "payload_too_large" and classes["too-deep"] == "validation_failed"
    some = all_jobs(client, queue, state=[JobState.COMPLETED], include=["result"], limit=50)
    assert all(isinstance(job.result, dict) and isinstance(job.result["n"], int) for job in some.values())

    page = list_job_attempts.sync(uuid.UUID(doomed_ids[0]), client=client)
    assert isinstance(page, AttemptPage)
    assert [attempt.outcome for attempt in page.data] == ["completed", "lost"]

    # Every attempt was run once, and none after its job was final.
    runs = workers.runs()
    assert len({(job, attempt) for _, _, job, attempt in runs}) == len(runs)
    assert len(runs) == sum(job.attempt for job in jobs.values())
    for at, _, id, _ in runs:
        finished = jobs[id].finished_at
        assert not finished or at < finished.timestamp() + 0.5


def test_a_worker_stops_gracefully(client: Client, queue: str, workers: Workers) -> None:
    enqueue(client, queue, [{"do": "sleep", "seconds": 1, "n": n} for n in range(3)])
    enqueue(client, queue, [{"do": "sleep", "seconds": 60, "n": 3}])
    enqueue(client, queue, [{"do": "ok", "n": n} for n in range(4, 20)])
    # One slot for each of the first four, and three seconds of grace.
    process = workers.start("4", "3")
    until(15, "four jobs run", lambda: len(workers.runs()) == 4)
    began = time.monotonic()
    assert end(process) == 0
    assert 2.5 < time.monotonic() - began < 6
    states = Counter(job.state.value for job in all_jobs(client, queue).values())
    # Those of a second had time to end, that of a minute went back, the others were never taken.
    assert states == {"completed": 3, "available": 17}
    assert len(workers.runs()) == 4


def test_an_idle_worker_stops_at_once(client: Client, queue: str, workers: Workers) -> None:
    process = workers.start()
    until(15, "it says that it lives", lambda: bool(workers_of(client, queue)))
    began = time.monotonic()
    assert end(process) == 0
    assert time.monotonic() - began < 2
    assert not workers_of(client, queue)
    # Nobody waits any more, so that a job stays where it is.
    enqueue(client, queue, [{"do": "ok", "n": 1}])
    assert [job.state for job in all_jobs(client, queue).values()] == [JobState.AVAILABLE]


def test_a_worker_obeys_signals(client: Client, queue: str, workers: Workers) -> None:
    # A job that runs makes it beat every third of its lease, so that it hears soon.
    enqueue(client, queue, [{"do": "until-cancelled", "n": 0}])
    process = workers.start("10", "1")
    until(15, "it says that it lives", lambda: bool(workers.runs()) and bool(workers_of(client, queue)))
    worker = workers_of(client, queue)[0].id
    signal_worker.sync(worker, client=client, body=SignalWorkerRequest("quiet"))
    # The status is what it was told; it knows once it has beaten again.
    told = workers_of(client, queue)[0]
    until(5, "it hears it", lambda: workers_of(client, queue)[0].last_heartbeat_at > told.last_heartbeat_at)
    assert workers_of(client, queue)[0].status == "quiet"
    enqueue(client, queue, [{"do": "ok", "n": 1}])
    time.sleep(1)
    assert len(workers.runs()) == 1
    signal_worker.sync(worker, client=client, body=SignalWorkerRequest("run"))
    until(5, "it works again", lambda: len(workers.runs()) == 2)
    signal_worker.sync(worker, client=client, body=SignalWorkerRequest("stop"))
    assert process.wait(20) == 0
    states = Counter(job.state.value for job in all_jobs(client, queue).values())
    assert states == {"completed": 1, "available": 1}


def workers_of(client: Client, queue: str) -> list[Worker]:
    page = list_workers.sync(client=client, queue=queue)
    assert isinstance(page, WorkerPage), page
    return page.data
