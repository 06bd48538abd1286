from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

T = TypeVar("T", bound="PauseQueueRequest")


@_attrs_define
class PauseQueueRequest:
    """For how long, and why.

    Example:
        {'reason': 'smtp is down', 'resume_after_ms': 600000}

    Attributes:
        reason (str | Unset): For people: up to 1024 characters.
        resume_after_ms (int | Unset): Resume by itself after this many milliseconds.
    """

    reason: str | Unset = UNSET
    resume_after_ms: int | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        reason = self.reason

        resume_after_ms = self.resume_after_ms

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if reason is not UNSET:
            field_dict["reason"] = reason
        if resume_after_ms is not UNSET:
            field_dict["resume_after_ms"] = resume_after_ms

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        reason = d.pop("reason", UNSET)

        resume_after_ms = d.pop("resume_after_ms", UNSET)

        pause_queue_request = cls(
            reason=reason,
            resume_after_ms=resume_after_ms,
        )

        pause_queue_request.additional_properties = d
        return pause_queue_request

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
