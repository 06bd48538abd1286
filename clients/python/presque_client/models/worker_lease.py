from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar
from uuid import UUID

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

T = TypeVar("T", bound="WorkerLease")


@_attrs_define
class WorkerLease:
    """A lease that a worker holds.

    Example:
        {'job_id': '01a206c8-d8c7-76c7-bfda-d9bb00000001', 'lease_token': '6f1ed002ab5595859014ebf0951522d9'}

    Attributes:
        job_id (UUID):
        lease_token (str):
        progress (float | Unset): 0 to 100.
    """

    job_id: UUID
    lease_token: str
    progress: float | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        job_id = str(self.job_id)

        lease_token = self.lease_token

        progress = self.progress

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "job_id": job_id,
                "lease_token": lease_token,
            }
        )
        if progress is not UNSET:
            field_dict["progress"] = progress

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        job_id = UUID(d.pop("job_id"))

        lease_token = d.pop("lease_token")

        progress = d.pop("progress", UNSET)

        worker_lease = cls(
            job_id=job_id,
            lease_token=lease_token,
            progress=progress,
        )

        worker_lease.additional_properties = d
        return worker_lease

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
