from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar
from uuid import UUID

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="WorkerDirective")


@_attrs_define
class WorkerDirective:
    """What the worker should do.

    Example:
        {'cancel_job_ids': [], 'lease_expires_at': datetime.datetime(2026, 11, 23, 5, 2,
            tzinfo=datetime.timezone(datetime.timedelta(0), 'Z')), 'lost_job_ids': [], 'next_heartbeat_ms': 15000, 'signal':
            'run'}

    Attributes:
        cancel_job_ids (list[UUID]): Jobs that somebody wants cancelled: stop them, and answer with `fail` and
            `cancelled`.
        lease_expires_at (datetime.datetime): The earliest end of the leases listed and still held.
        lost_job_ids (list[UUID]): Jobs that are not yours any more: drop them.
        next_heartbeat_ms (int): When to beat again.
        signal (str): run, quiet (take no more) or stop (take no more, finish, end).
    """

    cancel_job_ids: list[UUID]
    lease_expires_at: datetime.datetime
    lost_job_ids: list[UUID]
    next_heartbeat_ms: int
    signal: str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        cancel_job_ids = []
        for cancel_job_ids_item_data in self.cancel_job_ids:
            cancel_job_ids_item = str(cancel_job_ids_item_data)
            cancel_job_ids.append(cancel_job_ids_item)

        lease_expires_at = self.lease_expires_at.isoformat()

        lost_job_ids = []
        for lost_job_ids_item_data in self.lost_job_ids:
            lost_job_ids_item = str(lost_job_ids_item_data)
            lost_job_ids.append(lost_job_ids_item)

        next_heartbeat_ms = self.next_heartbeat_ms

        signal = self.signal

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "cancel_job_ids": cancel_job_ids,
                "lease_expires_at": lease_expires_at,
                "lost_job_ids": lost_job_ids,
                "next_heartbeat_ms": next_heartbeat_ms,
                "signal": signal,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        cancel_job_ids = []
        _cancel_job_ids = d.pop("cancel_job_ids")
        for cancel_job_ids_item_data in _cancel_job_ids:
            cancel_job_ids_item = UUID(cancel_job_ids_item_data)

            cancel_job_ids.append(cancel_job_ids_item)

        lease_expires_at = datetime.datetime.fromisoformat(d.pop("lease_expires_at"))

        lost_job_ids = []
        _lost_job_ids = d.pop("lost_job_ids")
        for lost_job_ids_item_data in _lost_job_ids:
            lost_job_ids_item = UUID(lost_job_ids_item_data)

            lost_job_ids.append(lost_job_ids_item)

        next_heartbeat_ms = d.pop("next_heartbeat_ms")

        signal = d.pop("signal")

        worker_directive = cls(
            cancel_job_ids=cancel_job_ids,
            lease_expires_at=lease_expires_at,
            lost_job_ids=lost_job_ids,
            next_heartbeat_ms=next_heartbeat_ms,
            signal=signal,
        )

        worker_directive.additional_properties = d
        return worker_directive

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
