from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

T = TypeVar("T", bound="JobError")


@_attrs_define
class JobError:
    """How an attempt failed.

    Example:
        {'at': datetime.datetime(2026, 11, 23, 4, 52, 54, tzinfo=datetime.timezone(datetime.timedelta(0), 'Z')),
            'attempt': 1, 'error_class': 'TimeoutError', 'fingerprint': '9f86d081884c7d65', 'message': 'smtp timed out'}

    Attributes:
        at (datetime.datetime):
        attempt (int):
        error_class (str): What kind of failure: what a program would catch.
        fingerprint (str): The same for failures of one queue, kind and class whose messages differ in numbers
            and ids only.
        message (str):
        data (Any | Unset):
        stack (str | Unset):
    """

    at: datetime.datetime
    attempt: int
    error_class: str
    fingerprint: str
    message: str
    data: Any | Unset = UNSET
    stack: str | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        at = self.at.isoformat()

        attempt = self.attempt

        error_class = self.error_class

        fingerprint = self.fingerprint

        message = self.message

        data = self.data

        stack = self.stack

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "at": at,
                "attempt": attempt,
                "error_class": error_class,
                "fingerprint": fingerprint,
                "message": message,
            }
        )
        if data is not UNSET:
            field_dict["data"] = data
        if stack is not UNSET:
            field_dict["stack"] = stack

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        at = datetime.datetime.fromisoformat(d.pop("at"))

        attempt = d.pop("attempt")

        error_class = d.pop("error_class")

        fingerprint = d.pop("fingerprint")

        message = d.pop("message")

        data = d.pop("data", UNSET)

        stack = d.pop("stack", UNSET)

        job_error = cls(
            at=at,
            attempt=attempt,
            error_class=error_class,
            fingerprint=fingerprint,
            message=message,
            data=data,
            stack=stack,
        )

        job_error.additional_properties = d
        return job_error

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
