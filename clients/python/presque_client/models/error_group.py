from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar
from uuid import UUID

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="ErrorGroup")


@_attrs_define
class ErrorGroup:
    """Failures that are alike: of one queue, kind and class, whose messages differ in numbers and
    names only.

        Example:
            {'discarded': 1, 'error_class': 'TimeoutError', 'fingerprint': '6f1ed002ab559585', 'first_seen_at':
                datetime.datetime(2026, 11, 23, 4, 1, 0, 123456, tzinfo=datetime.timezone(datetime.timedelta(0), 'Z')), 'jobs':
                12, 'kind': 'welcome', 'last_seen_at': datetime.datetime(2026, 11, 23, 4, 59, 0, 123456,
                tzinfo=datetime.timezone(datetime.timedelta(0), 'Z')), 'message': 'no answer within 30 s', 'occurrences': 80,
                'queue': 'mail', 'retryable': 3, 'sample_job_id': '01a206c8-d8c7-76c7-bfda-d9bb00000001'}

        Attributes:
            discarded (int): Jobs that are dead letters now.
            error_class (str):
            fingerprint (str):
            first_seen_at (datetime.datetime):
            jobs (int): Jobs that failed like this for the first time.
            kind (str):
            last_seen_at (datetime.datetime):
            message (str): One of them.
            occurrences (int): Attempts that failed like this.
            queue (str):
            retryable (int): Jobs that wait for their retry now; of the 10,000 that are due next.
            sample_job_id (UUID):
    """

    discarded: int
    error_class: str
    fingerprint: str
    first_seen_at: datetime.datetime
    jobs: int
    kind: str
    last_seen_at: datetime.datetime
    message: str
    occurrences: int
    queue: str
    retryable: int
    sample_job_id: UUID
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        discarded = self.discarded

        error_class = self.error_class

        fingerprint = self.fingerprint

        first_seen_at = self.first_seen_at.isoformat()

        jobs = self.jobs

        kind = self.kind

        last_seen_at = self.last_seen_at.isoformat()

        message = self.message

        occurrences = self.occurrences

        queue = self.queue

        retryable = self.retryable

        sample_job_id = str(self.sample_job_id)

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "discarded": discarded,
                "error_class": error_class,
                "fingerprint": fingerprint,
                "first_seen_at": first_seen_at,
                "jobs": jobs,
                "kind": kind,
                "last_seen_at": last_seen_at,
                "message": message,
                "occurrences": occurrences,
                "queue": queue,
                "retryable": retryable,
                "sample_job_id": sample_job_id,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        discarded = d.pop("discarded")

        error_class = d.pop("error_class")

        fingerprint = d.pop("fingerprint")

        first_seen_at = datetime.datetime.fromisoformat(d.pop("first_seen_at"))

        jobs = d.pop("jobs")

        kind = d.pop("kind")

        last_seen_at = datetime.datetime.fromisoformat(d.pop("last_seen_at"))

        message = d.pop("message")

        occurrences = d.pop("occurrences")

        queue = d.pop("queue")

        retryable = d.pop("retryable")

        sample_job_id = UUID(d.pop("sample_job_id"))

        error_group = cls(
            discarded=discarded,
            error_class=error_class,
            fingerprint=fingerprint,
            first_seen_at=first_seen_at,
            jobs=jobs,
            kind=kind,
            last_seen_at=last_seen_at,
            message=message,
            occurrences=occurrences,
            queue=queue,
            retryable=retryable,
            sample_job_id=sample_job_id,
        )

        error_group.additional_properties = d
        return error_group

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
