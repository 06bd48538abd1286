from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

T = TypeVar("T", bound="RetryJobRequest")


@_attrs_define
class RetryJobRequest:
    """How to retry a job.

    Example:
        {'delay_ms': 60000}

    Attributes:
        delay_ms (int | Unset): Not before this many milliseconds from now (0 if absent).
        force (bool | Unset): Needed for completed jobs.
        reset_attempts (bool | Unset): Count failures from zero again (true if absent); attempts are kept either way.
    """

    delay_ms: int | Unset = UNSET
    force: bool | Unset = UNSET
    reset_attempts: bool | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        delay_ms = self.delay_ms

        force = self.force

        reset_attempts = self.reset_attempts

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if delay_ms is not UNSET:
            field_dict["delay_ms"] = delay_ms
        if force is not UNSET:
            field_dict["force"] = force
        if reset_attempts is not UNSET:
            field_dict["reset_attempts"] = reset_attempts

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        delay_ms = d.pop("delay_ms", UNSET)

        force = d.pop("force", UNSET)

        reset_attempts = d.pop("reset_attempts", UNSET)

        retry_job_request = cls(
            delay_ms=delay_ms,
            force=force,
            reset_attempts=reset_attempts,
        )

        retry_job_request.additional_properties = d
        return retry_job_request

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
