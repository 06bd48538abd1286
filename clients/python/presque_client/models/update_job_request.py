from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

T = TypeVar("T", bound="UpdateJobRequest")


@_attrs_define
class UpdateJobRequest:
    """What a waiting job should become; what is absent stays as it is.

    Example:
        {'priority': 10}

    Attributes:
        expires_at (datetime.datetime | Unset):
        max_attempts (int | Unset): 1 to 1000.
        payload (Any | Unset): Any JSON, byte for byte.
        priority (int | Unset): -100 to 100.
        run_after (datetime.datetime | Unset):
        tags (list[str] | Unset): Up to 16, each up to 64 characters.
    """

    expires_at: datetime.datetime | Unset = UNSET
    max_attempts: int | Unset = UNSET
    payload: Any | Unset = UNSET
    priority: int | Unset = UNSET
    run_after: datetime.datetime | Unset = UNSET
    tags: list[str] | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        expires_at: str | Unset = UNSET
        if not isinstance(self.expires_at, Unset):
            expires_at = self.expires_at.isoformat()

        max_attempts = self.max_attempts

        payload = self.payload

        priority = self.priority

        run_after: str | Unset = UNSET
        if not isinstance(self.run_after, Unset):
            run_after = self.run_after.isoformat()

        tags: list[str] | Unset = UNSET
        if not isinstance(self.tags, Unset):
            tags = self.tags

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if expires_at is not UNSET:
            field_dict["expires_at"] = expires_at
        if max_attempts is not UNSET:
            field_dict["max_attempts"] = max_attempts
        if payload is not UNSET:
            field_dict["payload"] = payload
        if priority is not UNSET:
            field_dict["priority"] = priority
        if run_after is not UNSET:
            field_dict["run_after"] = run_after
        if tags is not UNSET:
            field_dict["tags"] = tags

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        _expires_at = d.pop("expires_at", UNSET)
        expires_at: datetime.datetime | Unset
        if isinstance(_expires_at, Unset):
            expires_at = UNSET
        else:
            expires_at = datetime.datetime.fromisoformat(_expires_at)

        max_attempts = d.pop("max_attempts", UNSET)

        payload = d.pop("payload", UNSET)

        priority = d.pop("priority", UNSET)

        _run_after = d.pop("run_after", UNSET)
        run_after: datetime.datetime | Unset
        if isinstance(_run_after, Unset):
            run_after = UNSET
        else:
            run_after = datetime.datetime.fromisoformat(_run_after)

        tags = cast(list[str], d.pop("tags", UNSET))

        update_job_request = cls(
            expires_at=expires_at,
            max_attempts=max_attempts,
            payload=payload,
            priority=priority,
            run_after=run_after,
            tags=tags,
        )

        update_job_request.additional_properties = d
        return update_job_request

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
