from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar
from uuid import UUID

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.job_state import JobState

T = TypeVar("T", bound="EnqueueResult")


@_attrs_define
class EnqueueResult:
    """A job that was stored, or the one that was there.

    Example:
        {'duplicate': False, 'id': '01a206c8-d8c7-76c7-bfda-d9bb00000001', 'queue': 'mail', 'run_after':
            datetime.datetime(2026, 11, 23, 4, 52, 52, 123456, tzinfo=datetime.timezone(datetime.timedelta(0), 'Z')),
            'state': 'available'}

    Attributes:
        duplicate (bool): The job was there: it holds the dedup key.
        id (UUID):
        queue (str):
        run_after (datetime.datetime):
        state (JobState): Where a job stands. Frozen for v1. Example: available.
    """

    duplicate: bool
    id: UUID
    queue: str
    run_after: datetime.datetime
    state: JobState
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        duplicate = self.duplicate

        id = str(self.id)

        queue = self.queue

        run_after = self.run_after.isoformat()

        state = self.state.value

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "duplicate": duplicate,
                "id": id,
                "queue": queue,
                "run_after": run_after,
                "state": state,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        duplicate = d.pop("duplicate")

        id = UUID(d.pop("id"))

        queue = d.pop("queue")

        run_after = datetime.datetime.fromisoformat(d.pop("run_after"))

        state = JobState(d.pop("state"))

        enqueue_result = cls(
            duplicate=duplicate,
            id=id,
            queue=queue,
            run_after=run_after,
            state=state,
        )

        enqueue_result.additional_properties = d
        return enqueue_result

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
