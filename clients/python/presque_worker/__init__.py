"""A worker for presque: claims jobs, runs them in threads, reports what became of them.

All that talks to the server runs in one event loop: a long poll can be broken off there, and
nothing needs a lock. Only handlers run in threads.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import queue
import random
import re
import signal
import socket
import threading
import time
import traceback
import uuid
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import httpx
from attrs import define, evolve, field

from presque_client import AuthenticatedClient, Client
from presque_client.api.work import claim_jobs, settle_jobs
from presque_client.api.workers import heartbeat_worker
from presque_client.models import (
    ClaimedJob,
    ClaimRequest,
    JobFailure,
    Problem,
    SettleItem,
    SettleRequest,
    WorkerDirective,
    WorkerHeartbeatRequest,
    WorkerLease,
)
from presque_client.types import UNSET, Response

__all__ = ["Cancelled", "Discard", "Handler", "Refused", "Release", "Worker"]

log = logging.getLogger("presque_worker")

Handler = Callable[[ClaimedJob, threading.Event], Any]

WAIT_MS = 20_000
# The most jobs of one claim, outcomes of one report and leases of one heartbeat.
MOST = 1000
# A third of the shortest lease there is.
SHORTEST_BEAT = 0.33
# Why the server does not take an outcome although the lease still stands.
TOO_MUCH = {
    "payload_too_large": "the result is larger than the queue allows",
    "validation_failed": "the result is nested too deeply",
}


class Discard(Exception):
    """Raised by a handler: the job failed, and another attempt would not help."""


class Cancelled(Exception):
    """Raised by a handler that stopped because its event was set."""


class Release(Exception):
    """Raised by a handler: give the job back for a while, without counting a failure."""

    def __init__(self, delay_seconds: float = 0) -> None:
        super().__init__(f"released for {delay_seconds} s")
        self.delay_ms = round(delay_seconds * 1000)


class Refused(Exception):
    """The server does not take a call, however often it is repeated."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(f"{problem.code}: {problem.detail or problem.title}")
        self.problem = problem


@define(eq=False)
class _Run:
    """One attempt at a job, from its claim until its outcome is taken."""

    job: ClaimedJob
    lease_seconds: float
    cancelled: threading.Event = field(factory=threading.Event)
    cancel_requested: bool = False
    lost: bool = False
    outcome: SettleItem | None = None

    def end(self, outcome: str, **members: Any) -> SettleItem:
        return SettleItem(job_id=self.job.id, lease_token=self.job.lease_token, outcome=outcome, **members)


class Worker:
    """Works on queues until it is stopped: by `stop`, SIGTERM, SIGINT, or the server.

    `handler(job, cancelled)` returns the result (JSON, or None), or raises. `cancelled` is set when
    it should stop early: the job was cancelled, its lease is lost, or the grace period is over.
    """

    def __init__(
        self,
        client: Client | AuthenticatedClient,
        queues: Sequence[str],
        handler: Handler,
        *,
        concurrency: int = 10,
        kinds: Sequence[str] = (),
        grace_seconds: float = 30,
        worker_id: str | None = None,
    ) -> None:
        if not 1 <= concurrency <= MOST:
            raise ValueError(f"concurrency is 1 to {MOST}")
        self._client, self._queues, self._kinds, self._handler = client, list(queues), list(kinds), handler
        self._concurrency, self._grace = concurrency, grace_seconds
        # Two workers must not share an id: the last heartbeat of one would give back the jobs of both.
        host = re.sub(r"[^A-Za-z0-9_.:@+-]", "-", socket.gethostname())[:64]
        self.worker_id = worker_id or f"w-{host}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
        self._loop: asyncio.AbstractEventLoop | None = None
        self._claimed: queue.SimpleQueue[_Run | None] = queue.SimpleQueue()
        self._runs: set[_Run] = set()  # each takes a slot; held are those that are not lost
        self._ended: list[_Run] = []  # their outcomes wait to be sent
        self._asked = 0  # slots that a claim under way may fill
        self._backlog = False  # the last claim found all it asked for
        self._quiet = self._stopping = False
        self._claim_at = self._beat_at = 0.0
        self._polling: asyncio.Task[None] | None = None
        self._settling: asyncio.Task[None] | None = None
        self._beating: asyncio.Task[None] | None = None
        self._error: BaseException | None = None

    def run(self) -> None:
        """Works until it is stopped. In the main thread it handles SIGTERM and SIGINT."""
        asyncio.run(self._main())
        if self._error is not None:
            raise self._error

    def stop(self) -> None:
        """Takes no more jobs, and lets the running ones end within the grace period; a second call ends it now."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._stop)

    async def _main(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop_asked, self._drained, self._beat_sooner = asyncio.Event(), asyncio.Event(), asyncio.Event()
        main_thread = threading.current_thread() is threading.main_thread()
        numbers = (signal.SIGTERM, signal.SIGINT) if main_thread else ()
        before = {number: signal.signal(number, lambda *_: self.stop()) for number in numbers}
        # Not a ThreadPoolExecutor: Python waits for its threads at exit, and a handler that does not
        # stop would keep the process there after its job went back.
        for _ in range(self._concurrency):
            threading.Thread(target=self._thread, daemon=True).start()
        # Copies of the client, as their timeouts are: a long poll has no answer for a while.
        polls = evolve(self._client, timeout=httpx.Timeout(WAIT_MS / 1000 + 10, connect=5))
        calls = evolve(self._client, timeout=httpx.Timeout(10, connect=5))
        async with polls as self._polls, calls as self._calls:
            self._beating = self._start("_beating", self._beats())
            self._schedule()
            await self._stop_asked.wait()
            await _within(self._grace, self._drained.wait())
            for run in [run for run in self._runs if run.outcome is None]:
                run.cancelled.set()
                self._end(run, run.end("released"))
            # A server that is away must not hold the process for ever; what it does not hear, it finds lost.
            await _within(10, self._drained_of_outcomes())
            if self._beating is not None:
                self._beating.cancel()
            # No leases listed: the server gives back all that this id holds, also what a claim found
            # whose answer did not get here.
            for _ in range(3):
                if not isinstance(await self._try_beat(WorkerHeartbeatRequest(status="stopped")), float):
                    break
        for number, handler in before.items():
            signal.signal(number, handler)
        for _ in range(self._concurrency):
            self._claimed.put(None)

    def _stop(self) -> None:
        if self._stopping:
            self._drained.set()
        self._stopping = True
        self._stop_asked.set()
        self._schedule()

    async def _drained_of_outcomes(self) -> None:
        while self._settling is not None:
            await asyncio.wait([self._settling])

    def _schedule(self) -> None:
        """Starts what can start; called after every change, so that nothing has to wait for a change."""
        may_claim = not (self._quiet or self._stopping)
        if self._ended and self._settling is None:
            runs, self._ended = self._ended[:MOST], self._ended[MOST:]
            # Where there was more than it took last time, the next jobs come with the answer. Where
            # there was not, the long poll waits for them.
            at_once = may_claim and self._backlog and time.monotonic() >= self._claim_at
            slots = max(0, self._free() + len(runs)) if at_once else 0
            self._settling = self._start("_settling", self._report(runs, slots), slots)
        if self._polling is None and may_claim and self._free() > 0:
            self._polling = self._start("_polling", self._poll(self._free()), self._free())
        elif self._polling is not None and not may_claim and not self._polling.cancelling():
            self._polling.cancel()  # breaks the connection off: the server gives back what it found
        if self._stopping and not (self._runs or self._settling or self._polling):
            self._drained.set()

    def _free(self) -> int:
        return self._concurrency - len(self._runs) - self._asked

    def _start(self, name: str, coroutine: Coroutine[Any, Any, None], slots: int = 0) -> asyncio.Task[None]:
        self._asked += slots

        def done(task: asyncio.Task[None]) -> None:
            self._asked -= slots
            setattr(self, name, None)
            if not task.cancelled() and (error := task.exception()) is not None:
                self._error = error
                self._stop()
            self._schedule()

        task = asyncio.create_task(coroutine)
        task.add_done_callback(done)
        return task

    def _claim(self, slots: int, wait_ms: int) -> ClaimRequest:
        kinds = self._kinds or UNSET
        return ClaimRequest(queues=self._queues, kinds=kinds, max_jobs=slots, wait_ms=wait_ms, worker_id=self.worker_id)

    async def _poll(self, slots: int) -> None:
        await asyncio.sleep(self._claim_at - time.monotonic())
        # With a key, a claim whose answer got lost is safe to repeat: the same jobs come again.
        body, key = self._claim(slots, WAIT_MS), str(uuid.uuid4())
        answer = await self._call(claim_jobs, self._polls, body=body, idempotency_key=key)
        self._take(answer.parsed, slots)

    def _take(self, found: Any, slots: int) -> None:
        self._claim_at = time.monotonic() + found.poll_after_ms / 1000
        self._backlog = len(found.jobs) == slots
        for job in found.jobs:
            run = _Run(job, job.lease_ms / 1000)
            self._runs.add(run)
            if self._stopping:
                self._end(run, run.end("released"))
                continue
            self._beat_within(run.lease_seconds / 3)
            self._claimed.put(run)

    async def _report(self, runs: list[_Run], slots: int) -> None:
        items = [run.outcome for run in runs if run.outcome is not None]
        body = SettleRequest(items=items, claim=self._claim(slots, 0) if slots else UNSET)
        try:
            answer = await self._call(settle_jobs, self._calls, body=body)
        except Refused as refused:
            # All outcomes in one may be too much: the others must not suffer from one.
            half = len(runs) // 2
            if half:
                await self._report(runs[:half], 0)
                await self._report(runs[half:], 0)
            else:
                self._not_taken(runs[0], refused.problem.code, str(refused))
            return
        told: Any = answer.parsed
        for run, result in zip(runs, told.results, strict=True):
            if result.code in TOO_MUCH:
                self._not_taken(run, result.code, TOO_MUCH[result.code])
                continue
            self._runs.discard(run)
            if not result.ok:
                log.warning("job %s: reported too late: %s", run.job.id, result.code)
        if slots:
            self._take(told, slots)

    def _not_taken(self, run: _Run, code: str, message: str) -> None:
        log.error("job %s: its outcome was not taken: %s", run.job.id, message)
        if run.outcome is not None and run.outcome.outcome == "completed":
            # Not tried again: it would do the work once more, and have the same result.
            run.outcome = run.end("failed", error=JobFailure(error_class=code, message=message), retry=False)
            self._ended.append(run)
        else:
            self._runs.discard(run)

    def _beat_within(self, seconds: float) -> None:
        self._beat_at = min(self._beat_at, time.monotonic() + max(seconds, SHORTEST_BEAT))
        self._beat_sooner.set()

    async def _beats(self) -> None:
        while True:
            while (wait := self._beat_at - time.monotonic()) > 0:
                self._beat_sooner.clear()
                await _within(wait, self._beat_sooner.wait())
            await self._beat()

    async def _beat(self) -> None:
        self._beat_at = time.monotonic() + 3600  # jobs that are claimed meanwhile bring it nearer
        # By run, not by job: the same job may be claimed again while the beat is under way.
        sent = {run.job.id: run for run in self._runs if not run.lost}
        directive = await self._try_beat(
            WorkerHeartbeatRequest(
                status="quiet" if self._quiet or self._stopping else "running",
                queues=self._queues,
                kinds=self._kinds,
                concurrency=self._concurrency,
                hostname=socket.gethostname(),
                pid=os.getpid(),
                leases=[WorkerLease(job_id=id, lease_token=run.job.lease_token) for id, run in sent.items()],
            )
        )
        if isinstance(directive, float):
            return self._beat_within(directive)
        for run in [sent[id] for id in directive.lost_job_ids if sent[id].outcome is None]:
            log.warning("job %s: the lease is lost", run.job.id)
            run.lost = True
            run.cancelled.set()
        for run in [sent[id] for id in directive.cancel_job_ids]:
            run.cancel_requested = True
            run.cancelled.set()
        thirds = [run.lease_seconds / 3 for run in self._runs if not run.lost]
        self._beat_within(min([directive.next_heartbeat_ms / 1000, *thirds]))
        self._quiet = directive.signal == "quiet"
        if directive.signal == "stop" and not self._stopping:
            self._stop()
        self._schedule()

    async def _try_beat(self, body: WorkerHeartbeatRequest) -> WorkerDirective | float:
        answer = await self._try(heartbeat_worker, self._calls, worker_id=self.worker_id, body=body)
        if isinstance(answer, float):
            return answer
        return answer.parsed if isinstance(answer.parsed, WorkerDirective) else 1.0

    async def _call(self, operation: Any, client: Any, **arguments: Any) -> Response[Any]:
        """Calls until there is an answer; raises `Refused` where repeating does not help."""
        backoff = 0.1
        while isinstance(answer := await self._try(operation, client, **arguments), float):
            await asyncio.sleep(answer + backoff * random.uniform(0.5, 1))
            backoff = min(5, backoff * 2)
        if isinstance(answer.parsed, Problem):
            raise Refused(answer.parsed)
        return answer

    async def _try(self, operation: Any, client: Any, **arguments: Any) -> Response[Any] | float:
        """The answer, or after how many seconds the server wants to be asked again."""
        try:
            answer: Response[Any] = await operation.asyncio_detailed(client=client, **arguments)
        except (httpx.TransportError, ValueError, LookupError) as error:
            # Not only broken connections: a proxy may answer with a page of its own.
            log.warning("trying again: %r", error)
            return 0.0
        problem = answer.parsed
        if isinstance(problem, Problem):
            log.warning("%s: %s", problem.code, problem.detail)
            if problem.status in (408, 429, 500, 502, 503, 504) or problem.code == "idempotency_in_progress":
                return (problem.retry_after_ms or 0) / 1000
        return answer

    def _thread(self) -> None:
        while (run := self._claimed.get()) is not None:
            outcome = self._attempt(run)
            try:
                if self._loop is not None:
                    self._loop.call_soon_threadsafe(self._finished, run, outcome)
            except RuntimeError:
                return  # the worker has ended, and the job went back

    def _attempt(self, run: _Run) -> SettleItem:
        try:
            result = self._handler(run.job, run.cancelled)
            # A result that is no JSON is a failure of this job, not of the report it would be in.
            json.dumps(result, ensure_ascii=False, allow_nan=False).encode()
            return run.end("completed", result=UNSET if result is None else result)
        except Release as release:
            return run.end("released", delay_ms=release.delay_ms)
        except BaseException as error:  # a job must be reported, whatever ended it
            if run.cancel_requested:
                return run.end("cancelled")
            if isinstance(error, Cancelled):
                return run.end("released")  # it is the worker that stops: nobody cancelled the job
            failure = JobFailure(
                error_class=type(error).__name__,
                message=_sendable(str(error)),
                stack=_sendable("".join(traceback.format_exception(error))),
            )
            return run.end("failed", error=failure, retry=not isinstance(error, Discard))

    def _finished(self, run: _Run, outcome: SettleItem) -> None:
        if run.lost:
            self._runs.discard(run)
            self._schedule()
        elif run.outcome is None:
            self._end(run, outcome)

    def _end(self, run: _Run, outcome: SettleItem) -> None:
        run.outcome = outcome
        self._ended.append(run)
        self._schedule()


async def _within(seconds: float, awaitable: Any) -> None:
    try:
        await asyncio.wait_for(awaitable, seconds)
    except TimeoutError:
        pass


def _sendable(text: str) -> str:
    """Without lone surrogates, which UTF-8 has not."""
    return text.encode("utf-8", "replace").decode()
