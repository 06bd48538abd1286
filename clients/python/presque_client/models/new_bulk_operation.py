from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.job_filter import JobFilter


T = TypeVar("T", bound="NewBulkOperation")


@_attrs_define
class NewBulkOperation:
    """A change to all jobs that pass a filter.

    Example:
        {'action': 'retry', 'filter': {'error_class': 'TimeoutError', 'queue': ['mail'], 'state': ['discarded']},
            'reason': 'smtp outage over', 'spread_ms': 600000}

    Attributes:
        action (str): retry, cancel, delete, move, reprioritize or reschedule.
        filter_ (JobFilter): Which jobs: all of what is there must hold; of several values of one, any (of `tag`: all).
            The filters of `list_jobs`. Example: {'error_class': 'TimeoutError', 'queue': ['mail'], 'state': ['discarded']}.
        all_ (bool | Unset): Must be true if the filter is empty.
        dry_run (bool | Unset): Only count the jobs, and show some.
        priority (int | Unset): Of reprioritize: -100 to 100.
        reason (str | Unset): For people: up to 1024 characters. Jobs that are cancelled have it as their reason.
        run_after (datetime.datetime | Unset): Of reschedule: not before this moment.
        spread_ms (int | Unset): Of retry and reschedule: the jobs are spread over so many milliseconds.
        target_queue (str | Unset): Of move: where the jobs go.
    """

    action: str
    filter_: JobFilter
    all_: bool | Unset = UNSET
    dry_run: bool | Unset = UNSET
    priority: int | Unset = UNSET
    reason: str | Unset = UNSET
    run_after: datetime.datetime | Unset = UNSET
    spread_ms: int | Unset = UNSET
    target_queue: str | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        action = self.action

        filter_ = self.filter_.to_dict()

        all_ = self.all_

        dry_run = self.dry_run

        priority = self.priority

        reason = self.reason

        run_after: str | Unset = UNSET
        if not isinstance(self.run_after, Unset):
            run_after = self.run_after.isoformat()

        spread_ms = self.spread_ms

        target_queue = self.target_queue

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "action": action,
                "filter": filter_,
            }
        )
        if all_ is not UNSET:
            field_dict["all"] = all_
        if dry_run is not UNSET:
            field_dict["dry_run"] = dry_run
        if priority is not UNSET:
            field_dict["priority"] = priority
        if reason is not UNSET:
            field_dict["reason"] = reason
        if run_after is not UNSET:
            field_dict["run_after"] = run_after
        if spread_ms is not UNSET:
            field_dict["spread_ms"] = spread_ms
        if target_queue is not UNSET:
            field_dict["target_queue"] = target_queue

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.job_filter import JobFilter  # noqa: PLC0415

        d = dict(src_dict)
        action = d.pop("action")

        filter_ = JobFilter.from_dict(d.pop("filter"))

        all_ = d.pop("all", UNSET)

        dry_run = d.pop("dry_run", UNSET)

        priority = d.pop("priority", UNSET)

        reason = d.pop("reason", UNSET)

        _run_after = d.pop("run_after", UNSET)
        run_after: datetime.datetime | Unset
        if isinstance(_run_after, Unset):
            run_after = UNSET
        else:
            run_after = datetime.datetime.fromisoformat(_run_after)

        spread_ms = d.pop("spread_ms", UNSET)

        target_queue = d.pop("target_queue", UNSET)

        new_bulk_operation = cls(
            action=action,
            filter_=filter_,
            all_=all_,
            dry_run=dry_run,
            priority=priority,
            reason=reason,
            run_after=run_after,
            spread_ms=spread_ms,
            target_queue=target_queue,
        )

        new_bulk_operation.additional_properties = d
        return new_bulk_operation

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
