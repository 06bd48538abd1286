from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.job_failure import JobFailure
    from ..models.log_line import LogLine


T = TypeVar("T", bound="SettleItem")


@_attrs_define
class SettleItem:
    """The outcome of one job.

    Example:
        {'job_id': '01a206c8-d8c7-76c7-bfda-d9bb00000001', 'lease_token': '6f1ed002ab5595859014ebf0951522d9', 'outcome':
            'completed', 'result': {'sent': True}}

    Attributes:
        job_id (UUID):
        lease_token (str):
        outcome (str): completed, failed, released, cancelled or extended.
        delay_ms (int | Unset): Of a released one.
        error (JobFailure | Unset): What a worker reports of a failure. Example: {'error_class': 'TimeoutError',
            'message': 'smtp timed out'}.
        extend_ms (int | Unset): Of an extended one.
        logs (list[LogLine] | Unset):
        progress (float | Unset): Of an extended one.
        result (Any | Unset):
        retry (bool | Unset): Of a failed one.
        retry_in_ms (int | Unset): Of a failed one.
    """

    job_id: UUID
    lease_token: str
    outcome: str
    delay_ms: int | Unset = UNSET
    error: JobFailure | Unset = UNSET
    extend_ms: int | Unset = UNSET
    logs: list[LogLine] | Unset = UNSET
    progress: float | Unset = UNSET
    result: Any | Unset = UNSET
    retry: bool | Unset = UNSET
    retry_in_ms: int | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        job_id = str(self.job_id)

        lease_token = self.lease_token

        outcome = self.outcome

        delay_ms = self.delay_ms

        error: dict[str, Any] | Unset = UNSET
        if not isinstance(self.error, Unset):
            error = self.error.to_dict()

        extend_ms = self.extend_ms

        logs: list[dict[str, Any]] | Unset = UNSET
        if not isinstance(self.logs, Unset):
            logs = []
            for logs_item_data in self.logs:
                logs_item = logs_item_data.to_dict()
                logs.append(logs_item)

        progress = self.progress

        result = self.result

        retry = self.retry

        retry_in_ms = self.retry_in_ms

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "job_id": job_id,
                "lease_token": lease_token,
                "outcome": outcome,
            }
        )
        if delay_ms is not UNSET:
            field_dict["delay_ms"] = delay_ms
        if error is not UNSET:
            field_dict["error"] = error
        if extend_ms is not UNSET:
            field_dict["extend_ms"] = extend_ms
        if logs is not UNSET:
            field_dict["logs"] = logs
        if progress is not UNSET:
            field_dict["progress"] = progress
        if result is not UNSET:
            field_dict["result"] = result
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
        job_id = UUID(d.pop("job_id"))

        lease_token = d.pop("lease_token")

        outcome = d.pop("outcome")

        delay_ms = d.pop("delay_ms", UNSET)

        _error = d.pop("error", UNSET)
        error: JobFailure | Unset
        if isinstance(_error, Unset):
            error = UNSET
        else:
            error = JobFailure.from_dict(_error)

        extend_ms = d.pop("extend_ms", UNSET)

        _logs = d.pop("logs", UNSET)
        logs: list[LogLine] | Unset = UNSET
        if _logs is not UNSET:
            logs = []
            for logs_item_data in _logs:
                logs_item = LogLine.from_dict(logs_item_data)

                logs.append(logs_item)

        progress = d.pop("progress", UNSET)

        result = d.pop("result", UNSET)

        retry = d.pop("retry", UNSET)

        retry_in_ms = d.pop("retry_in_ms", UNSET)

        settle_item = cls(
            job_id=job_id,
            lease_token=lease_token,
            outcome=outcome,
            delay_ms=delay_ms,
            error=error,
            extend_ms=extend_ms,
            logs=logs,
            progress=progress,
            result=result,
            retry=retry,
            retry_in_ms=retry_in_ms,
        )

        settle_item.additional_properties = d
        return settle_item

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
