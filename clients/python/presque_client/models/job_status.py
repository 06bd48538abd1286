from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar
from uuid import UUID

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.job_state import JobState
from ..types import UNSET, Unset

T = TypeVar("T", bound="JobStatus")


@_attrs_define
class JobStatus:
    """What a change of state came to.

    Example:
        {'attempt': 1, 'id': '01a206c8-d8c7-76c7-bfda-d9bb00000001', 'state': 'completed'}

    Attributes:
        attempt (int):
        id (UUID):
        state (JobState): Where a job stands. Frozen for v1. Example: available.
        finished_at (datetime.datetime | Unset):
        run_after (datetime.datetime | Unset): When it can be claimed again.
    """

    attempt: int
    id: UUID
    state: JobState
    finished_at: datetime.datetime | Unset = UNSET
    run_after: datetime.datetime | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        attempt = self.attempt

        id = str(self.id)

        state = self.state.value

        finished_at: str | Unset = UNSET
        if not isinstance(self.finished_at, Unset):
            finished_at = self.finished_at.isoformat()

        run_after: str | Unset = UNSET
        if not isinstance(self.run_after, Unset):
            run_after = self.run_after.isoformat()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "attempt": attempt,
                "id": id,
                "state": state,
            }
        )
        if finished_at is not UNSET:
            field_dict["finished_at"] = finished_at
        if run_after is not UNSET:
            field_dict["run_after"] = run_after

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        attempt = d.pop("attempt")

        id = UUID(d.pop("id"))

        state = JobState(d.pop("state"))

        _finished_at = d.pop("finished_at", UNSET)
        finished_at: datetime.datetime | Unset
        if isinstance(_finished_at, Unset):
            finished_at = UNSET
        else:
            finished_at = datetime.datetime.fromisoformat(_finished_at)

        _run_after = d.pop("run_after", UNSET)
        run_after: datetime.datetime | Unset
        if isinstance(_run_after, Unset):
            run_after = UNSET
        else:
            run_after = datetime.datetime.fromisoformat(_run_after)

        job_status = cls(
            attempt=attempt,
            id=id,
            state=state,
            finished_at=finished_at,
            run_after=run_after,
        )

        job_status.additional_properties = d
        return job_status

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
