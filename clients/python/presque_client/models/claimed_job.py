from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast
from uuid import UUID

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.job_error import JobError
    from ..models.string_map import StringMap


T = TypeVar("T", bound="ClaimedJob")


@_attrs_define
class ClaimedJob:
    """A job under a lease: yours until it runs out.

    Example:
        {'attempt': 1, 'created_at': datetime.datetime(2026, 11, 23, 4, 52, 52, 123456,
            tzinfo=datetime.timezone(datetime.timedelta(0), 'Z')), 'failed_attempts': 0, 'headers': {}, 'id':
            '01a206c8-d8c7-76c7-bfda-d9bb00000001', 'kind': 'welcome', 'lease_expires_at': datetime.datetime(2026, 11, 23,
            5, 1, 6, tzinfo=datetime.timezone(datetime.timedelta(0), 'Z')), 'lease_ms': 60000, 'lease_token':
            '6f1ed002ab5595859014ebf0951522d9', 'max_attempts': 10, 'payload': {'user_id': 17}, 'priority': 0, 'queue':
            'mail', 'run_after': datetime.datetime(2026, 11, 23, 4, 52, 52, 123456,
            tzinfo=datetime.timezone(datetime.timedelta(0), 'Z')), 'tags': ['tenant:9']}

    Attributes:
        attempt (int): Claims so far, this one included.
        created_at (datetime.datetime):
        failed_attempts (int):
        headers (StringMap): Names and texts of your own. Example: {'tenant': '9'}.
        id (UUID):
        kind (str):
        lease_expires_at (datetime.datetime):
        lease_ms (int): How long the lease is from each heartbeat on, in milliseconds: beat at a third of it.
        lease_token (str): The right to this attempt: opaque, to be shown with every report.
        max_attempts (int):
        payload (Any): Byte for byte.
        priority (int):
        queue (str):
        run_after (datetime.datetime):
        tags (list[str]):
        batch_id (UUID | Unset): The batch that it is in; it can add jobs to it.
        last_error (JobError | Unset): How an attempt failed. Example: {'at': datetime.datetime(2026, 11, 23, 4, 52, 54,
            tzinfo=datetime.timezone(datetime.timedelta(0), 'Z')), 'attempt': 1, 'error_class': 'TimeoutError',
            'fingerprint': '9f86d081884c7d65', 'message': 'smtp timed out'}.
        timeout_at (datetime.datetime | Unset): When the attempt ends, heartbeats or not.
        traceparent (str | Unset): Link your span to it.
    """

    attempt: int
    created_at: datetime.datetime
    failed_attempts: int
    headers: StringMap
    id: UUID
    kind: str
    lease_expires_at: datetime.datetime
    lease_ms: int
    lease_token: str
    max_attempts: int
    payload: Any
    priority: int
    queue: str
    run_after: datetime.datetime
    tags: list[str]
    batch_id: UUID | Unset = UNSET
    last_error: JobError | Unset = UNSET
    timeout_at: datetime.datetime | Unset = UNSET
    traceparent: str | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        attempt = self.attempt

        created_at = self.created_at.isoformat()

        failed_attempts = self.failed_attempts

        headers = self.headers.to_dict()

        id = str(self.id)

        kind = self.kind

        lease_expires_at = self.lease_expires_at.isoformat()

        lease_ms = self.lease_ms

        lease_token = self.lease_token

        max_attempts = self.max_attempts

        payload = self.payload

        priority = self.priority

        queue = self.queue

        run_after = self.run_after.isoformat()

        tags = self.tags

        batch_id: str | Unset = UNSET
        if not isinstance(self.batch_id, Unset):
            batch_id = str(self.batch_id)

        last_error: dict[str, Any] | Unset = UNSET
        if not isinstance(self.last_error, Unset):
            last_error = self.last_error.to_dict()

        timeout_at: str | Unset = UNSET
        if not isinstance(self.timeout_at, Unset):
            timeout_at = self.timeout_at.isoformat()

        traceparent = self.traceparent

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "attempt": attempt,
                "created_at": created_at,
                "failed_attempts": failed_attempts,
                "headers": headers,
                "id": id,
                "kind": kind,
                "lease_expires_at": lease_expires_at,
                "lease_ms": lease_ms,
                "lease_token": lease_token,
                "max_attempts": max_attempts,
                "payload": payload,
                "priority": priority,
                "queue": queue,
                "run_after": run_after,
                "tags": tags,
            }
        )
        if batch_id is not UNSET:
            field_dict["batch_id"] = batch_id
        if last_error is not UNSET:
            field_dict["last_error"] = last_error
        if timeout_at is not UNSET:
            field_dict["timeout_at"] = timeout_at
        if traceparent is not UNSET:
            field_dict["traceparent"] = traceparent

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.job_error import JobError  # noqa: PLC0415
        from ..models.string_map import StringMap  # noqa: PLC0415

        d = dict(src_dict)
        attempt = d.pop("attempt")

        created_at = datetime.datetime.fromisoformat(d.pop("created_at"))

        failed_attempts = d.pop("failed_attempts")

        headers = StringMap.from_dict(d.pop("headers"))

        id = UUID(d.pop("id"))

        kind = d.pop("kind")

        lease_expires_at = datetime.datetime.fromisoformat(d.pop("lease_expires_at"))

        lease_ms = d.pop("lease_ms")

        lease_token = d.pop("lease_token")

        max_attempts = d.pop("max_attempts")

        payload = d.pop("payload")

        priority = d.pop("priority")

        queue = d.pop("queue")

        run_after = datetime.datetime.fromisoformat(d.pop("run_after"))

        tags = cast(list[str], d.pop("tags"))

        _batch_id = d.pop("batch_id", UNSET)
        batch_id: UUID | Unset
        if isinstance(_batch_id, Unset):
            batch_id = UNSET
        else:
            batch_id = UUID(_batch_id)

        _last_error = d.pop("last_error", UNSET)
        last_error: JobError | Unset
        if isinstance(_last_error, Unset):
            last_error = UNSET
        else:
            last_error = JobError.from_dict(_last_error)

        _timeout_at = d.pop("timeout_at", UNSET)
        timeout_at: datetime.datetime | Unset
        if isinstance(_timeout_at, Unset):
            timeout_at = UNSET
        else:
            timeout_at = datetime.datetime.fromisoformat(_timeout_at)

        traceparent = d.pop("traceparent", UNSET)

        claimed_job = cls(
            attempt=attempt,
            created_at=created_at,
            failed_attempts=failed_attempts,
            headers=headers,
            id=id,
            kind=kind,
            lease_expires_at=lease_expires_at,
            lease_ms=lease_ms,
            lease_token=lease_token,
            max_attempts=max_attempts,
            payload=payload,
            priority=priority,
            queue=queue,
            run_after=run_after,
            tags=tags,
            batch_id=batch_id,
            last_error=last_error,
            timeout_at=timeout_at,
            traceparent=traceparent,
        )

        claimed_job.additional_properties = d
        return claimed_job

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
