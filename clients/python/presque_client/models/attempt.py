from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.job_error import JobError
    from ..models.log_line import LogLine


T = TypeVar("T", bound="Attempt")


@_attrs_define
class Attempt:
    """One attempt at a job.

    Example:
        {'attempt': 1, 'finished_at': datetime.datetime(2026, 11, 23, 4, 52, 54,
            tzinfo=datetime.timezone(datetime.timedelta(0), 'Z')), 'job_id': '01a206c8-d8c7-76c7-bfda-d9bb00000001', 'logs':
            [], 'outcome': 'completed', 'run_ms': 1000, 'started_at': datetime.datetime(2026, 11, 23, 4, 52, 53,
            tzinfo=datetime.timezone(datetime.timedelta(0), 'Z')), 'wait_ms': 876, 'worker_id': 'web-3'}

    Attributes:
        attempt (int):
        job_id (UUID):
        logs (list[LogLine]):
        outcome (str): running, completed, failed, lost, `timed_out`, released, cancelled or delivered.
        started_at (datetime.datetime):
        wait_ms (int):
        error (JobError | Unset): How an attempt failed. Example: {'at': datetime.datetime(2026, 11, 23, 4, 52, 54,
            tzinfo=datetime.timezone(datetime.timedelta(0), 'Z')), 'attempt': 1, 'error_class': 'TimeoutError',
            'fingerprint': '9f86d081884c7d65', 'message': 'smtp timed out'}.
        finished_at (datetime.datetime | Unset):
        run_ms (int | Unset):
        worker_id (str | Unset):
    """

    attempt: int
    job_id: UUID
    logs: list[LogLine]
    outcome: str
    started_at: datetime.datetime
    wait_ms: int
    error: JobError | Unset = UNSET
    finished_at: datetime.datetime | Unset = UNSET
    run_ms: int | Unset = UNSET
    worker_id: str | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        attempt = self.attempt

        job_id = str(self.job_id)

        logs = []
        for logs_item_data in self.logs:
            logs_item = logs_item_data.to_dict()
            logs.append(logs_item)

        outcome = self.outcome

        started_at = self.started_at.isoformat()

        wait_ms = self.wait_ms

        error: dict[str, Any] | Unset = UNSET
        if not isinstance(self.error, Unset):
            error = self.error.to_dict()

        finished_at: str | Unset = UNSET
        if not isinstance(self.finished_at, Unset):
            finished_at = self.finished_at.isoformat()

        run_ms = self.run_ms

        worker_id = self.worker_id

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "attempt": attempt,
                "job_id": job_id,
                "logs": logs,
                "outcome": outcome,
                "started_at": started_at,
                "wait_ms": wait_ms,
            }
        )
        if error is not UNSET:
            field_dict["error"] = error
        if finished_at is not UNSET:
            field_dict["finished_at"] = finished_at
        if run_ms is not UNSET:
            field_dict["run_ms"] = run_ms
        if worker_id is not UNSET:
            field_dict["worker_id"] = worker_id

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.job_error import JobError  # noqa: PLC0415
        from ..models.log_line import LogLine  # noqa: PLC0415

        d = dict(src_dict)
        attempt = d.pop("attempt")

        job_id = UUID(d.pop("job_id"))

        logs = []
        _logs = d.pop("logs")
        for logs_item_data in _logs:
            logs_item = LogLine.from_dict(logs_item_data)

            logs.append(logs_item)

        outcome = d.pop("outcome")

        started_at = datetime.datetime.fromisoformat(d.pop("started_at"))

        wait_ms = d.pop("wait_ms")

        _error = d.pop("error", UNSET)
        error: JobError | Unset
        if isinstance(_error, Unset):
            error = UNSET
        else:
            error = JobError.from_dict(_error)

        _finished_at = d.pop("finished_at", UNSET)
        finished_at: datetime.datetime | Unset
        if isinstance(_finished_at, Unset):
            finished_at = UNSET
        else:
            finished_at = datetime.datetime.fromisoformat(_finished_at)

        run_ms = d.pop("run_ms", UNSET)

        worker_id = d.pop("worker_id", UNSET)

        attempt = cls(
            attempt=attempt,
            job_id=job_id,
            logs=logs,
            outcome=outcome,
            started_at=started_at,
            wait_ms=wait_ms,
            error=error,
            finished_at=finished_at,
            run_ms=run_ms,
            worker_id=worker_id,
        )

        attempt.additional_properties = d
        return attempt

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
