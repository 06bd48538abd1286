from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.log_line import LogLine


T = TypeVar("T", bound="HeartbeatJobRequest")


@_attrs_define
class HeartbeatJobRequest:
    """A sign of life for one job.

    Example:
        {'lease_token': '6f1ed002ab5595859014ebf0951522d9', 'progress': 40.0}

    Attributes:
        lease_token (str):
        extend_ms (int | Unset): How long to hold it from now on (the lease's own length if absent); never less than
            before.
        logs (list[LogLine] | Unset): An attempt keeps 64 KiB of them.
        progress (float | Unset): 0 to 100.
        progress_message (str | Unset):
    """

    lease_token: str
    extend_ms: int | Unset = UNSET
    logs: list[LogLine] | Unset = UNSET
    progress: float | Unset = UNSET
    progress_message: str | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        lease_token = self.lease_token

        extend_ms = self.extend_ms

        logs: list[dict[str, Any]] | Unset = UNSET
        if not isinstance(self.logs, Unset):
            logs = []
            for logs_item_data in self.logs:
                logs_item = logs_item_data.to_dict()
                logs.append(logs_item)

        progress = self.progress

        progress_message = self.progress_message

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "lease_token": lease_token,
            }
        )
        if extend_ms is not UNSET:
            field_dict["extend_ms"] = extend_ms
        if logs is not UNSET:
            field_dict["logs"] = logs
        if progress is not UNSET:
            field_dict["progress"] = progress
        if progress_message is not UNSET:
            field_dict["progress_message"] = progress_message

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.log_line import LogLine  # noqa: PLC0415

        d = dict(src_dict)
        lease_token = d.pop("lease_token")

        extend_ms = d.pop("extend_ms", UNSET)

        _logs = d.pop("logs", UNSET)
        logs: list[LogLine] | Unset = UNSET
        if _logs is not UNSET:
            logs = []
            for logs_item_data in _logs:
                logs_item = LogLine.from_dict(logs_item_data)

                logs.append(logs_item)

        progress = d.pop("progress", UNSET)

        progress_message = d.pop("progress_message", UNSET)

        heartbeat_job_request = cls(
            lease_token=lease_token,
            extend_ms=extend_ms,
            logs=logs,
            progress=progress,
            progress_message=progress_message,
        )

        heartbeat_job_request.additional_properties = d
        return heartbeat_job_request

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
