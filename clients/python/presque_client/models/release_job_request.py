from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

T = TypeVar("T", bound="ReleaseJobRequest")


@_attrs_define
class ReleaseJobRequest:
    """Giving a job back, without counting a failure.

    Example:
        {'delay_ms': 5000, 'lease_token': '6f1ed002ab5595859014ebf0951522d9'}

    Attributes:
        lease_token (str):
        delay_ms (int | Unset): Not before this many milliseconds from now (0 if absent).
        reason (str | Unset): Noted among the attempt's log lines.
    """

    lease_token: str
    delay_ms: int | Unset = UNSET
    reason: str | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        lease_token = self.lease_token

        delay_ms = self.delay_ms

        reason = self.reason

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "lease_token": lease_token,
            }
        )
        if delay_ms is not UNSET:
            field_dict["delay_ms"] = delay_ms
        if reason is not UNSET:
            field_dict["reason"] = reason

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        lease_token = d.pop("lease_token")

        delay_ms = d.pop("delay_ms", UNSET)

        reason = d.pop("reason", UNSET)

        release_job_request = cls(
            lease_token=lease_token,
            delay_ms=delay_ms,
            reason=reason,
        )

        release_job_request.additional_properties = d
        return release_job_request

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
