from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar
from uuid import UUID

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.job_state import JobState
from ..types import UNSET, Unset

T = TypeVar("T", bound="SettleResult")


@_attrs_define
class SettleResult:
    """What became of one item.

    Example:
        {'job_id': '01a206c8-d8c7-76c7-bfda-d9bb00000001', 'ok': True, 'state': 'completed'}

    Attributes:
        job_id (UUID):
        ok (bool):
        cancel_requested (bool | Unset): Of an extended one: somebody wants the job cancelled.
        code (str | Unset): Why not: `lease_lost`, `job_not_found`, `payload_too_large` or `validation_failed`.
        lease_expires_at (datetime.datetime | Unset):
        state (JobState | Unset): Where a job stands. Frozen for v1. Example: available.
    """

    job_id: UUID
    ok: bool
    cancel_requested: bool | Unset = UNSET
    code: str | Unset = UNSET
    lease_expires_at: datetime.datetime | Unset = UNSET
    state: JobState | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        job_id = str(self.job_id)

        ok = self.ok

        cancel_requested = self.cancel_requested

        code = self.code

        lease_expires_at: str | Unset = UNSET
        if not isinstance(self.lease_expires_at, Unset):
            lease_expires_at = self.lease_expires_at.isoformat()

        state: str | Unset = UNSET
        if not isinstance(self.state, Unset):
            state = self.state.value

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "job_id": job_id,
                "ok": ok,
            }
        )
        if cancel_requested is not UNSET:
            field_dict["cancel_requested"] = cancel_requested
        if code is not UNSET:
            field_dict["code"] = code
        if lease_expires_at is not UNSET:
            field_dict["lease_expires_at"] = lease_expires_at
        if state is not UNSET:
            field_dict["state"] = state

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        job_id = UUID(d.pop("job_id"))

        ok = d.pop("ok")

        cancel_requested = d.pop("cancel_requested", UNSET)

        code = d.pop("code", UNSET)

        _lease_expires_at = d.pop("lease_expires_at", UNSET)
        lease_expires_at: datetime.datetime | Unset
        if isinstance(_lease_expires_at, Unset):
            lease_expires_at = UNSET
        else:
            lease_expires_at = datetime.datetime.fromisoformat(_lease_expires_at)

        _state = d.pop("state", UNSET)
        state: JobState | Unset
        if isinstance(_state, Unset):
            state = UNSET
        else:
            state = JobState(_state)

        settle_result = cls(
            job_id=job_id,
            ok=ok,
            cancel_requested=cancel_requested,
            code=code,
            lease_expires_at=lease_expires_at,
            state=state,
        )

        settle_result.additional_properties = d
        return settle_result

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
