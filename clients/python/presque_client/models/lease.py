from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar
from uuid import UUID

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="Lease")


@_attrs_define
class Lease:
    """A lease that goes on.

    Example:
        {'cancel_requested': False, 'job_id': '01a206c8-d8c7-76c7-bfda-d9bb00000001', 'lease_expires_at':
            datetime.datetime(2026, 11, 23, 5, 1, 6, tzinfo=datetime.timezone(datetime.timedelta(0), 'Z'))}

    Attributes:
        cancel_requested (bool): Somebody wants the job cancelled: stop, and answer with `fail` and `cancelled`.
        job_id (UUID):
        lease_expires_at (datetime.datetime):
    """

    cancel_requested: bool
    job_id: UUID
    lease_expires_at: datetime.datetime
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        cancel_requested = self.cancel_requested

        job_id = str(self.job_id)

        lease_expires_at = self.lease_expires_at.isoformat()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "cancel_requested": cancel_requested,
                "job_id": job_id,
                "lease_expires_at": lease_expires_at,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        cancel_requested = d.pop("cancel_requested")

        job_id = UUID(d.pop("job_id"))

        lease_expires_at = datetime.datetime.fromisoformat(d.pop("lease_expires_at"))

        lease = cls(
            cancel_requested=cancel_requested,
            job_id=job_id,
            lease_expires_at=lease_expires_at,
        )

        lease.additional_properties = d
        return lease

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
