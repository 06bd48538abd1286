from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.job_filter import JobFilter


T = TypeVar("T", bound="BulkOperation")


@_attrs_define
class BulkOperation:
    """A bulk operation as it is now.

    Example:
        {'action': 'retry', 'created_at': datetime.datetime(2026, 11, 23, 4, 52, 52, 123456,
            tzinfo=datetime.timezone(datetime.timedelta(0), 'Z')), 'dry_run': False, 'failed': 0, 'filter': {'error_class':
            'TimeoutError', 'queue': ['mail'], 'state': ['discarded']}, 'id': '01a206c8-d8c7-76c7-bfda-d9bb00000000',
            'matched': 48211, 'processed': 12000, 'reason': 'smtp outage over', 'sample_job_ids':
            ['01a206c8-d8c7-76c7-bfda-d9bb00000001'], 'skipped': 3, 'state': 'running'}

    Attributes:
        action (str): retry, cancel, delete, move, reprioritize or reschedule.
        created_at (datetime.datetime):
        dry_run (bool):
        failed (int): Jobs that could not be changed for another reason.
        filter_ (JobFilter): Which jobs: all of what is there must hold; of several values of one, any (of `tag`: all).
            The filters of `list_jobs`. Example: {'error_class': 'TimeoutError', 'queue': ['mail'], 'state': ['discarded']}.
        id (UUID):
        matched (int): Jobs that passed the filter when it began: exact up to 1000000, of more that number. It grows
            while they are
            counted.
        processed (int): Jobs that were changed.
        sample_job_ids (list[UUID]): Up to 10.
        skipped (int): Jobs that could no longer be changed when they were reached.
        state (str): running; preview, completed, cancelled or failed when it is over.
        created_by (str | Unset): The name of the token it was made with.
        finished_at (datetime.datetime | Unset): Absent while it runs.
        last_error (str | Unset): Why the latest job failed, or the operation.
        reason (str | Unset):
    """

    action: str
    created_at: datetime.datetime
    dry_run: bool
    failed: int
    filter_: JobFilter
    id: UUID
    matched: int
    processed: int
    sample_job_ids: list[UUID]
    skipped: int
    state: str
    created_by: str | Unset = UNSET
    finished_at: datetime.datetime | Unset = UNSET
    last_error: str | Unset = UNSET
    reason: str | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        action = self.action

        created_at = self.created_at.isoformat()

        dry_run = self.dry_run

        failed = self.failed

        filter_ = self.filter_.to_dict()

        id = str(self.id)

        matched = self.matched

        processed = self.processed

        sample_job_ids = []
        for sample_job_ids_item_data in self.sample_job_ids:
            sample_job_ids_item = str(sample_job_ids_item_data)
            sample_job_ids.append(sample_job_ids_item)

        skipped = self.skipped

        state = self.state

        created_by = self.created_by

        finished_at: str | Unset = UNSET
        if not isinstance(self.finished_at, Unset):
            finished_at = self.finished_at.isoformat()

        last_error = self.last_error

        reason = self.reason

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "action": action,
                "created_at": created_at,
                "dry_run": dry_run,
                "failed": failed,
                "filter": filter_,
                "id": id,
                "matched": matched,
                "processed": processed,
                "sample_job_ids": sample_job_ids,
                "skipped": skipped,
                "state": state,
            }
        )
        if created_by is not UNSET:
            field_dict["created_by"] = created_by
        if finished_at is not UNSET:
            field_dict["finished_at"] = finished_at
        if last_error is not UNSET:
            field_dict["last_error"] = last_error
        if reason is not UNSET:
            field_dict["reason"] = reason

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.job_filter import JobFilter  # noqa: PLC0415

        d = dict(src_dict)
        action = d.pop("action")

        created_at = datetime.datetime.fromisoformat(d.pop("created_at"))

        dry_run = d.pop("dry_run")

        failed = d.pop("failed")

        filter_ = JobFilter.from_dict(d.pop("filter"))

        id = UUID(d.pop("id"))

        matched = d.pop("matched")

        processed = d.pop("processed")

        sample_job_ids = []
        _sample_job_ids = d.pop("sample_job_ids")
        for sample_job_ids_item_data in _sample_job_ids:
            sample_job_ids_item = UUID(sample_job_ids_item_data)

            sample_job_ids.append(sample_job_ids_item)

        skipped = d.pop("skipped")

        state = d.pop("state")

        created_by = d.pop("created_by", UNSET)

        _finished_at = d.pop("finished_at", UNSET)
        finished_at: datetime.datetime | Unset
        if isinstance(_finished_at, Unset):
            finished_at = UNSET
        else:
            finished_at = datetime.datetime.fromisoformat(_finished_at)

        last_error = d.pop("last_error", UNSET)

        reason = d.pop("reason", UNSET)

        bulk_operation = cls(
            action=action,
            created_at=created_at,
            dry_run=dry_run,
            failed=failed,
            filter_=filter_,
            id=id,
            matched=matched,
            processed=processed,
            sample_job_ids=sample_job_ids,
            skipped=skipped,
            state=state,
            created_by=created_by,
            finished_at=finished_at,
            last_error=last_error,
            reason=reason,
        )

        bulk_operation.additional_properties = d
        return bulk_operation

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
