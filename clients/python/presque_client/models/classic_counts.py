from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="ClassicCounts")


@_attrs_define
class ClassicCounts:
    """A queue's counters.

    Example:
        {'job_count': 1, 'job_failed': 0, 'job_processed': 7, 'queue_name': 'mail'}

    Attributes:
        job_count (int): Jobs that could be fetched now; delayed ones do not count before their time.
        job_failed (int): Failures reported with `PUT`.
        job_processed (int): Jobs fetched.
        queue_name (str):
    """

    job_count: int
    job_failed: int
    job_processed: int
    queue_name: str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        job_count = self.job_count

        job_failed = self.job_failed

        job_processed = self.job_processed

        queue_name = self.queue_name

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "job_count": job_count,
                "job_failed": job_failed,
                "job_processed": job_processed,
                "queue_name": queue_name,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        job_count = d.pop("job_count")

        job_failed = d.pop("job_failed")

        job_processed = d.pop("job_processed")

        queue_name = d.pop("queue_name")

        classic_counts = cls(
            job_count=job_count,
            job_failed=job_failed,
            job_processed=job_processed,
            queue_name=queue_name,
        )

        classic_counts.additional_properties = d
        return classic_counts

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
