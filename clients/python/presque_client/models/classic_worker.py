from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="ClassicWorker")


@_attrs_define
class ClassicWorker:
    """A registered worker. The counters are strings, as they were in 2010.

    Example:
        {'failed': '0', 'processed': '7', 'started_at': 1273923534, 'worker_id': 'web-3'}

    Attributes:
        failed (str): Failures reported since then.
        processed (str): Jobs fetched since then.
        started_at (int): When it registered, in epoch seconds.
        worker_id (str):
    """

    failed: str
    processed: str
    started_at: int
    worker_id: str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        failed = self.failed

        processed = self.processed

        started_at = self.started_at

        worker_id = self.worker_id

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "failed": failed,
                "processed": processed,
                "started_at": started_at,
                "worker_id": worker_id,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        failed = d.pop("failed")

        processed = d.pop("processed")

        started_at = d.pop("started_at")

        worker_id = d.pop("worker_id")

        classic_worker = cls(
            failed=failed,
            processed=processed,
            started_at=started_at,
            worker_id=worker_id,
        )

        classic_worker.additional_properties = d
        return classic_worker

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
