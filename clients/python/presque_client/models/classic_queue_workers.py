from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="ClassicQueueWorkers")


@_attrs_define
class ClassicQueueWorkers:
    """The workers of a queue, and the queue's counters.

    Example:
        {'failed': 1, 'processed': 7, 'queue_name': 'mail', 'workers_list': ['web-3']}

    Attributes:
        failed (int):
        processed (int):
        queue_name (str):
        workers_list (list[str]):
    """

    failed: int
    processed: int
    queue_name: str
    workers_list: list[str]
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        failed = self.failed

        processed = self.processed

        queue_name = self.queue_name

        workers_list = self.workers_list

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "failed": failed,
                "processed": processed,
                "queue_name": queue_name,
                "workers_list": workers_list,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        failed = d.pop("failed")

        processed = d.pop("processed")

        queue_name = d.pop("queue_name")

        workers_list = cast(list[str], d.pop("workers_list"))

        classic_queue_workers = cls(
            failed=failed,
            processed=processed,
            queue_name=queue_name,
            workers_list=workers_list,
        )

        classic_queue_workers.additional_properties = d
        return classic_queue_workers

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
