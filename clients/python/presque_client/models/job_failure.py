from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

T = TypeVar("T", bound="JobFailure")


@_attrs_define
class JobFailure:
    """What a worker reports of a failure.

    Example:
        {'error_class': 'TimeoutError', 'message': 'smtp timed out'}

    Attributes:
        data (Any | Unset): Any JSON, byte for byte.
        error_class (str | Unset): What kind of failure (`error` if absent); what is longer than 256 bytes is cut.
        message (str | Unset): What is longer than 32 KiB is cut.
        stack (str | Unset): What is longer than 32 KiB is cut.
    """

    data: Any | Unset = UNSET
    error_class: str | Unset = UNSET
    message: str | Unset = UNSET
    stack: str | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        data = self.data

        error_class = self.error_class

        message = self.message

        stack = self.stack

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if data is not UNSET:
            field_dict["data"] = data
        if error_class is not UNSET:
            field_dict["error_class"] = error_class
        if message is not UNSET:
            field_dict["message"] = message
        if stack is not UNSET:
            field_dict["stack"] = stack

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        data = d.pop("data", UNSET)

        error_class = d.pop("error_class", UNSET)

        message = d.pop("message", UNSET)

        stack = d.pop("stack", UNSET)

        job_failure = cls(
            data=data,
            error_class=error_class,
            message=message,
            stack=stack,
        )

        job_failure.additional_properties = d
        return job_failure

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
