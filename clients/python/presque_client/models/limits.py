from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="Limits")


@_attrs_define
class Limits:
    """What a request may ask for at most.

    Example:
        {'max_body_bytes': 16777216, 'max_claim': 1000, 'max_enqueue': 1000, 'max_payload_bytes': 4194304,
            'max_wait_ms': 30000}

    Attributes:
        max_body_bytes (int):
        max_claim (int):
        max_enqueue (int):
        max_payload_bytes (int):
        max_wait_ms (int):
    """

    max_body_bytes: int
    max_claim: int
    max_enqueue: int
    max_payload_bytes: int
    max_wait_ms: int
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        max_body_bytes = self.max_body_bytes

        max_claim = self.max_claim

        max_enqueue = self.max_enqueue

        max_payload_bytes = self.max_payload_bytes

        max_wait_ms = self.max_wait_ms

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "max_body_bytes": max_body_bytes,
                "max_claim": max_claim,
                "max_enqueue": max_enqueue,
                "max_payload_bytes": max_payload_bytes,
                "max_wait_ms": max_wait_ms,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        max_body_bytes = d.pop("max_body_bytes")

        max_claim = d.pop("max_claim")

        max_enqueue = d.pop("max_enqueue")

        max_payload_bytes = d.pop("max_payload_bytes")

        max_wait_ms = d.pop("max_wait_ms")

        limits = cls(
            max_body_bytes=max_body_bytes,
            max_claim=max_claim,
            max_enqueue=max_enqueue,
            max_payload_bytes=max_payload_bytes,
            max_wait_ms=max_wait_ms,
        )

        limits.additional_properties = d
        return limits

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
