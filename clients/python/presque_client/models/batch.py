from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast
from uuid import UUID

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.state_counts import StateCounts


T = TypeVar("T", bound="Batch")


@_attrs_define
class Batch:
    """A batch.

    Example:
        {'callback_job_ids': [], 'counts': {'available': 0, 'cancelled': 0, 'completed': 1, 'discarded': 0, 'pending':
            1, 'retryable': 0, 'running': 0, 'scheduled': 0}, 'created_at': datetime.datetime(2026, 11, 23, 4, 52, 52,
            123456, tzinfo=datetime.timezone(datetime.timedelta(0), 'Z')), 'id': '01a206c8-d8c7-76c7-bfda-d9bb00000000',
            'name': 'monthly report', 'progress': 0.5, 'state': 'running', 'tags': [], 'total': 2}

    Attributes:
        callback_job_ids (list[UUID]): What its end enqueued.
        counts (StateCounts): How many jobs are in each state; from counters, at most 2 seconds old. Example:
            {'available': 10, 'cancelled': 0, 'completed': 1200, 'discarded': 3, 'pending': 0, 'retryable': 1, 'running': 4,
            'scheduled': 2}.
        created_at (datetime.datetime):
        id (UUID):
        progress (float): The share of its jobs that have ended: 0 to 1.
        state (str): running until all jobs have ended; then completed, or failed if one was discarded or cancelled.
        tags (list[str]):
        total (int): How many jobs it has.
        finished_at (datetime.datetime | Unset):
        name (str | Unset):
    """

    callback_job_ids: list[UUID]
    counts: StateCounts
    created_at: datetime.datetime
    id: UUID
    progress: float
    state: str
    tags: list[str]
    total: int
    finished_at: datetime.datetime | Unset = UNSET
    name: str | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        callback_job_ids = []
        for callback_job_ids_item_data in self.callback_job_ids:
            callback_job_ids_item = str(callback_job_ids_item_data)
            callback_job_ids.append(callback_job_ids_item)

        counts = self.counts.to_dict()

        created_at = self.created_at.isoformat()

        id = str(self.id)

        progress = self.progress

        state = self.state

        tags = self.tags

        total = self.total

        finished_at: str | Unset = UNSET
        if not isinstance(self.finished_at, Unset):
            finished_at = self.finished_at.isoformat()

        name = self.name

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "callback_job_ids": callback_job_ids,
                "counts": counts,
                "created_at": created_at,
                "id": id,
                "progress": progress,
                "state": state,
                "tags": tags,
                "total": total,
            }
        )
        if finished_at is not UNSET:
            field_dict["finished_at"] = finished_at
        if name is not UNSET:
            field_dict["name"] = name

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.state_counts import StateCounts  # noqa: PLC0415

        d = dict(src_dict)
        callback_job_ids = []
        _callback_job_ids = d.pop("callback_job_ids")
        for callback_job_ids_item_data in _callback_job_ids:
            callback_job_ids_item = UUID(callback_job_ids_item_data)

            callback_job_ids.append(callback_job_ids_item)

        counts = StateCounts.from_dict(d.pop("counts"))

        created_at = datetime.datetime.fromisoformat(d.pop("created_at"))

        id = UUID(d.pop("id"))

        progress = d.pop("progress")

        state = d.pop("state")

        tags = cast(list[str], d.pop("tags"))

        total = d.pop("total")

        _finished_at = d.pop("finished_at", UNSET)
        finished_at: datetime.datetime | Unset
        if isinstance(_finished_at, Unset):
            finished_at = UNSET
        else:
            finished_at = datetime.datetime.fromisoformat(_finished_at)

        name = d.pop("name", UNSET)

        batch = cls(
            callback_job_ids=callback_job_ids,
            counts=counts,
            created_at=created_at,
            id=id,
            progress=progress,
            state=state,
            tags=tags,
            total=total,
            finished_at=finished_at,
            name=name,
        )

        batch.additional_properties = d
        return batch

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
