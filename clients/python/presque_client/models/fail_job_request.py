from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.job_failure import JobFailure
    from ..models.log_line import LogLine


T = TypeVar("T", bound="FailJobRequest")


@_attrs_define
class FailJobRequest:
    """Failure.

    Example:
        {'error': {'error_class': 'TimeoutError', 'message': 'smtp timed out'}, 'lease_token':
            '6f1ed002ab5595859014ebf0951522d9'}

    Attributes:
        lease_token (str):
        cancelled (bool | Unset): It was not a failure: the worker stopped the job, because a cancel was requested. The
            job is then cancelled.
        error (JobFailure | Unset): What a worker reports of a failure. Example: {'error_class': 'TimeoutError',
            'message': 'smtp timed out'}.
        logs (list[LogLine] | Unset):
        retry (bool | Unset): False discards the job now, whatever attempts it has left (true if absent).
        retry_in_ms (int | Unset): When to try again, instead of the queue's backoff.
    """

    lease_token: str
    cancelled: bool | Unset = UNSET
    error: JobFailure | Unset = UNSET
    logs: list[LogLine] | Unset = UNSET
    retry: bool | Unset = UNSET
    retry_in_ms: int | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        lease_token = self.lease_token

        cancelled = self.cancelled

        error: dict[str, Any] | Unset = UNSET
        if not isinstance(self.error, Unset):
            error = self.error.to_dict()

        logs: list[dict[str, Any]] | Unset = UNSET
        if not isinstance(self.logs, Unset):
            logs = []
            for logs_item_data in self.logs:
                logs_item = logs_item_data.to_dict()
                logs.append(logs_item)

        retry = self.retry

        retry_in_ms = self.retry_in_ms

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "lease_token": lease_token,
            }
        )
        if cancelled is not UNSET:
            field_dict["cancelled"] = cancelled
        if error is not UNSET:
            field_dict["error"] = error
        if logs is not UNSET:
            field_dict["logs"] = logs
        if retry is not UNSET:
            field_dict["retry"] = retry
        if retry_in_ms is not UNSET:
            field_dict["retry_in_ms"] = retry_in_ms

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.job_failure import JobFailure  # noqa: PLC0415
        from ..models.log_line import LogLine  # noqa: PLC0415

        d = dict(src_dict)
        lease_token = d.pop("lease_token")

        cancelled = d.pop("cancelled", UNSET)

        _error = d.pop("error", UNSET)
        error: JobFailure | Unset
        if isinstance(_error, Unset):
            error = UNSET
        else:
            error = JobFailure.from_dict(_error)

        _logs = d.pop("logs", UNSET)
        logs: list[LogLine] | Unset = UNSET
        if _logs is not UNSET:
            logs = []
            for logs_item_data in _logs:
                logs_item = LogLine.from_dict(logs_item_data)

                logs.append(logs_item)

        retry = d.pop("retry", UNSET)

        retry_in_ms = d.pop("retry_in_ms", UNSET)

        fail_job_request = cls(
            lease_token=lease_token,
            cancelled=cancelled,
            error=error,
            logs=logs,
            retry=retry,
            retry_in_ms=retry_in_ms,
        )

        fail_job_request.additional_properties = d
        return fail_job_request

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
