from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="StateCounts")


@_attrs_define
class StateCounts:
    """How many jobs are in each state; from counters, at most 2 seconds old.

    Example:
        {'available': 10, 'cancelled': 0, 'completed': 1200, 'discarded': 3, 'pending': 0, 'retryable': 1, 'running': 4,
            'scheduled': 2}

    Attributes:
        available (int):
        cancelled (int):
        completed (int):
        discarded (int):
        pending (int):
        retryable (int):
        running (int):
        scheduled (int):
    """

    available: int
    cancelled: int
    completed: int
    discarded: int
    pending: int
    retryable: int
    running: int
    scheduled: int
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        available = self.available

        cancelled = self.cancelled

        completed = self.completed

        discarded = self.discarded

        pending = self.pending

        retryable = self.retryable

        running = self.running

        scheduled = self.scheduled

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "available": available,
                "cancelled": cancelled,
                "completed": completed,
                "discarded": discarded,
                "pending": pending,
                "retryable": retryable,
                "running": running,
                "scheduled": scheduled,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        available = d.pop("available")

        cancelled = d.pop("cancelled")

        completed = d.pop("completed")

        discarded = d.pop("discarded")

        pending = d.pop("pending")

        retryable = d.pop("retryable")

        running = d.pop("running")

        scheduled = d.pop("scheduled")

        state_counts = cls(
            available=available,
            cancelled=cancelled,
            completed=completed,
            discarded=discarded,
            pending=pending,
            retryable=retryable,
            running=running,
            scheduled=scheduled,
        )

        state_counts.additional_properties = d
        return state_counts

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
