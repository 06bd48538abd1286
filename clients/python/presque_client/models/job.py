from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast
from uuid import UUID

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.job_state import JobState
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.job_error import JobError
    from ..models.string_map import StringMap


T = TypeVar("T", bound="Job")


@_attrs_define
class Job:
    """A job as it is now.

    Example:
        {'attempt': 1, 'created_at': datetime.datetime(2026, 11, 23, 4, 52, 52, 123456,
            tzinfo=datetime.timezone(datetime.timedelta(0), 'Z')), 'failed_attempts': 0, 'finished_at':
            datetime.datetime(2026, 11, 23, 4, 52, 54, tzinfo=datetime.timezone(datetime.timedelta(0), 'Z')), 'id':
            '01a206c8-d8c7-76c7-bfda-d9bb00000001', 'kind': 'welcome', 'max_attempts': 10, 'priority': 0, 'queue': 'mail',
            'run_after': datetime.datetime(2026, 11, 23, 4, 52, 52, 123456, tzinfo=datetime.timezone(datetime.timedelta(0),
            'Z')), 'run_ms': 1000, 'started_at': datetime.datetime(2026, 11, 23, 4, 52, 53,
            tzinfo=datetime.timezone(datetime.timedelta(0), 'Z')), 'state': 'completed', 'tags': ['tenant:9'], 'version':
            100000016, 'wait_ms': 876, 'worker_id': 'web-3'}

    Attributes:
        attempt (int): Claims so far. It only grows: a number to fence writes elsewhere with.
        created_at (datetime.datetime):
        failed_attempts (int): Compared with `max_attempts`.
        id (UUID):
        kind (str):
        max_attempts (int):
        priority (int): Higher goes first (-100 to 100).
        queue (str):
        run_after (datetime.datetime): When it became, or becomes, claimable.
        state (JobState): Where a job stands. Frozen for v1. Example: available.
        tags (list[str]):
        version (int): The `ETag`.
        batch_id (UUID | Unset): The batch that it is in.
        cancel_reason (str | Unset):
        cancel_requested_at (datetime.datetime | Unset): Since when its worker is asked to stop.
        created_by (str | Unset): The name of the token it was enqueued with.
        dedup_key (str | Unset):
        depends_on (list[UUID] | Unset): The jobs that it was to wait for.
        expires_at (datetime.datetime | Unset): Not started by then: cancelled.
        finished_at (datetime.datetime | Unset):
        headers (StringMap | Unset): Names and texts of your own. Example: {'tenant': '9'}.
        last_error (JobError | Unset): How an attempt failed. Example: {'at': datetime.datetime(2026, 11, 23, 4, 52, 54,
            tzinfo=datetime.timezone(datetime.timedelta(0), 'Z')), 'attempt': 1, 'error_class': 'TimeoutError',
            'fingerprint': '9f86d081884c7d65', 'message': 'smtp timed out'}.
        lease_expires_at (datetime.datetime | Unset):
        origin_job_id (UUID | Unset): The job that this one is the dead letter copy of.
        payload (Any | Unset): With `include=payload`, byte for byte.
        progress (float | Unset): 0 to 100, as the worker says.
        progress_message (str | Unset):
        result (Any | Unset): With `include=result`, byte for byte.
        run_ms (int | Unset): Of the latest attempt: from started to finished.
        schedule_id (str | Unset): The schedule that enqueued it.
        started_at (datetime.datetime | Unset): Of the latest attempt.
        traceparent (str | Unset):
        wait_ms (int | Unset): Of the latest attempt: from claimable to started.
        worker_id (str | Unset):
    """

    attempt: int
    created_at: datetime.datetime
    failed_attempts: int
    id: UUID
    kind: str
    max_attempts: int
    priority: int
    queue: str
    run_after: datetime.datetime
    state: JobState
    tags: list[str]
    version: int
    batch_id: UUID | Unset = UNSET
    cancel_reason: str | Unset = UNSET
    cancel_requested_at: datetime.datetime | Unset = UNSET
    created_by: str | Unset = UNSET
    dedup_key: str | Unset = UNSET
    depends_on: list[UUID] | Unset = UNSET
    expires_at: datetime.datetime | Unset = UNSET
    finished_at: datetime.datetime | Unset = UNSET
    headers: StringMap | Unset = UNSET
    last_error: JobError | Unset = UNSET
    lease_expires_at: datetime.datetime | Unset = UNSET
    origin_job_id: UUID | Unset = UNSET
    payload: Any | Unset = UNSET
    progress: float | Unset = UNSET
    progress_message: str | Unset = UNSET
    result: Any | Unset = UNSET
    run_ms: int | Unset = UNSET
    schedule_id: str | Unset = UNSET
    started_at: datetime.datetime | Unset = UNSET
    traceparent: str | Unset = UNSET
    wait_ms: int | Unset = UNSET
    worker_id: str | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        attempt = self.attempt

        created_at = self.created_at.isoformat()

        failed_attempts = self.failed_attempts

        id = str(self.id)

        kind = self.kind

        max_attempts = self.max_attempts

        priority = self.priority

        queue = self.queue

        run_after = self.run_after.isoformat()

        state = self.state.value

        tags = self.tags

        version = self.version

        batch_id: str | Unset = UNSET
        if not isinstance(self.batch_id, Unset):
            batch_id = str(self.batch_id)

        cancel_reason = self.cancel_reason

        cancel_requested_at: str | Unset = UNSET
        if not isinstance(self.cancel_requested_at, Unset):
            cancel_requested_at = self.cancel_requested_at.isoformat()

        created_by = self.created_by

        dedup_key = self.dedup_key

        depends_on: list[str] | Unset = UNSET
        if not isinstance(self.depends_on, Unset):
            depends_on = []
            for depends_on_item_data in self.depends_on:
                depends_on_item = str(depends_on_item_data)
                depends_on.append(depends_on_item)

        expires_at: str | Unset = UNSET
        if not isinstance(self.expires_at, Unset):
            expires_at = self.expires_at.isoformat()

        finished_at: str | Unset = UNSET
        if not isinstance(self.finished_at, Unset):
            finished_at = self.finished_at.isoformat()

        headers: dict[str, Any] | Unset = UNSET
        if not isinstance(self.headers, Unset):
            headers = self.headers.to_dict()

        last_error: dict[str, Any] | Unset = UNSET
        if not isinstance(self.last_error, Unset):
            last_error = self.last_error.to_dict()

        lease_expires_at: str | Unset = UNSET
        if not isinstance(self.lease_expires_at, Unset):
            lease_expires_at = self.lease_expires_at.isoformat()

        origin_job_id: str | Unset = UNSET
        if not isinstance(self.origin_job_id, Unset):
            origin_job_id = str(self.origin_job_id)

        payload = self.payload

        progress = self.progress

        progress_message = self.progress_message

        result = self.result

        run_ms = self.run_ms

        schedule_id = self.schedule_id

        started_at: str | Unset = UNSET
        if not isinstance(self.started_at, Unset):
            started_at = self.started_at.isoformat()

        traceparent = self.traceparent

        wait_ms = self.wait_ms

        worker_id = self.worker_id

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "attempt": attempt,
                "created_at": created_at,
                "failed_attempts": failed_attempts,
                "id": id,
                "kind": kind,
                "max_attempts": max_attempts,
                "priority": priority,
                "queue": queue,
                "run_after": run_after,
                "state": state,
                "tags": tags,
                "version": version,
            }
        )
        if batch_id is not UNSET:
            field_dict["batch_id"] = batch_id
        if cancel_reason is not UNSET:
            field_dict["cancel_reason"] = cancel_reason
        if cancel_requested_at is not UNSET:
            field_dict["cancel_requested_at"] = cancel_requested_at
        if created_by is not UNSET:
            field_dict["created_by"] = created_by
        if dedup_key is not UNSET:
            field_dict["dedup_key"] = dedup_key
        if depends_on is not UNSET:
            field_dict["depends_on"] = depends_on
        if expires_at is not UNSET:
            field_dict["expires_at"] = expires_at
        if finished_at is not UNSET:
            field_dict["finished_at"] = finished_at
        if headers is not UNSET:
            field_dict["headers"] = headers
        if last_error is not UNSET:
            field_dict["last_error"] = last_error
        if lease_expires_at is not UNSET:
            field_dict["lease_expires_at"] = lease_expires_at
        if origin_job_id is not UNSET:
            field_dict["origin_job_id"] = origin_job_id
        if payload is not UNSET:
            field_dict["payload"] = payload
        if progress is not UNSET:
            field_dict["progress"] = progress
        if progress_message is not UNSET:
            field_dict["progress_message"] = progress_message
        if result is not UNSET:
            field_dict["result"] = result
        if run_ms is not UNSET:
            field_dict["run_ms"] = run_ms
        if schedule_id is not UNSET:
            field_dict["schedule_id"] = schedule_id
        if started_at is not UNSET:
            field_dict["started_at"] = started_at
        if traceparent is not UNSET:
            field_dict["traceparent"] = traceparent
        if wait_ms is not UNSET:
            field_dict["wait_ms"] = wait_ms
        if worker_id is not UNSET:
            field_dict["worker_id"] = worker_id

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.job_error import JobError  # noqa: PLC0415
        from ..models.string_map import StringMap  # noqa: PLC0415

        d = dict(src_dict)
        attempt = d.pop("attempt")

        created_at = datetime.datetime.fromisoformat(d.pop("created_at"))

        failed_attempts = d.pop("failed_attempts")

        id = UUID(d.pop("id"))

        kind = d.pop("kind")

        max_attempts = d.pop("max_attempts")

        priority = d.pop("priority")

        queue = d.pop("queue")

        run_after = datetime.datetime.fromisoformat(d.pop("run_after"))

        state = JobState(d.pop("state"))

        tags = cast(list[str], d.pop("tags"))

        version = d.pop("version")

        _batch_id = d.pop("batch_id", UNSET)
        batch_id: UUID | Unset
        if isinstance(_batch_id, Unset):
            batch_id = UNSET
        else:
            batch_id = UUID(_batch_id)

        cancel_reason = d.pop("cancel_reason", UNSET)

        _cancel_requested_at = d.pop("cancel_requested_at", UNSET)
        cancel_requested_at: datetime.datetime | Unset
        if isinstance(_cancel_requested_at, Unset):
            cancel_requested_at = UNSET
        else:
            cancel_requested_at = datetime.datetime.fromisoformat(_cancel_requested_at)

        created_by = d.pop("created_by", UNSET)

        dedup_key = d.pop("dedup_key", UNSET)

        _depends_on = d.pop("depends_on", UNSET)
        depends_on: list[UUID] | Unset = UNSET
        if _depends_on is not UNSET:
            depends_on = []
            for depends_on_item_data in _depends_on:
                depends_on_item = UUID(depends_on_item_data)

                depends_on.append(depends_on_item)

        _expires_at = d.pop("expires_at", UNSET)
        expires_at: datetime.datetime | Unset
        if isinstance(_expires_at, Unset):
            expires_at = UNSET
        else:
            expires_at = datetime.datetime.fromisoformat(_expires_at)

        _finished_at = d.pop("finished_at", UNSET)
        finished_at: datetime.datetime | Unset
        if isinstance(_finished_at, Unset):
            finished_at = UNSET
        else:
            finished_at = datetime.datetime.fromisoformat(_finished_at)

        _headers = d.pop("headers", UNSET)
        headers: StringMap | Unset
        if isinstance(_headers, Unset):
            headers = UNSET
        else:
            headers = StringMap.from_dict(_headers)

        _last_error = d.pop("last_error", UNSET)
        last_error: JobError | Unset
        if isinstance(_last_error, Unset):
            last_error = UNSET
        else:
            last_error = JobError.from_dict(_last_error)

        _lease_expires_at = d.pop("lease_expires_at", UNSET)
        lease_expires_at: datetime.datetime | Unset
        if isinstance(_lease_expires_at, Unset):
            lease_expires_at = UNSET
        else:
            lease_expires_at = datetime.datetime.fromisoformat(_lease_expires_at)

        _origin_job_id = d.pop("origin_job_id", UNSET)
        origin_job_id: UUID | Unset
        if isinstance(_origin_job_id, Unset):
            origin_job_id = UNSET
        else:
            origin_job_id = UUID(_origin_job_id)

        payload = d.pop("payload", UNSET)

        progress = d.pop("progress", UNSET)

        progress_message = d.pop("progress_message", UNSET)

        result = d.pop("result", UNSET)

        run_ms = d.pop("run_ms", UNSET)

        schedule_id = d.pop("schedule_id", UNSET)

        _started_at = d.pop("started_at", UNSET)
        started_at: datetime.datetime | Unset
        if isinstance(_started_at, Unset):
            started_at = UNSET
        else:
            started_at = datetime.datetime.fromisoformat(_started_at)

        traceparent = d.pop("traceparent", UNSET)

        wait_ms = d.pop("wait_ms", UNSET)

        worker_id = d.pop("worker_id", UNSET)

        job = cls(
            attempt=attempt,
            created_at=created_at,
            failed_attempts=failed_attempts,
            id=id,
            kind=kind,
            max_attempts=max_attempts,
            priority=priority,
            queue=queue,
            run_after=run_after,
            state=state,
            tags=tags,
            version=version,
            batch_id=batch_id,
            cancel_reason=cancel_reason,
            cancel_requested_at=cancel_requested_at,
            created_by=created_by,
            dedup_key=dedup_key,
            depends_on=depends_on,
            expires_at=expires_at,
            finished_at=finished_at,
            headers=headers,
            last_error=last_error,
            lease_expires_at=lease_expires_at,
            origin_job_id=origin_job_id,
            payload=payload,
            progress=progress,
            progress_message=progress_message,
            result=result,
            run_ms=run_ms,
            schedule_id=schedule_id,
            started_at=started_at,
            traceparent=traceparent,
            wait_ms=wait_ms,
            worker_id=worker_id,
        )

        job.additional_properties = d
        return job

    @property
    def additional_keys(self) -> list[str]:
        return list(self.additional_properties.keys())

    def __getitem__(self, key: str) -> Any:
        return self.additional_properties[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.additional_properties[key] = value

    def __delitem__(self, key: str) -> None:
        del self.additional_properties[key]

    def __contains__(self, key: str) -> bool:
        return key in self.additional_properties
