from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar, cast
from uuid import UUID

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.job_state import JobState
from ..types import UNSET, Unset

T = TypeVar("T", bound="JobFilter")


@_attrs_define
class JobFilter:
    """Which jobs: all of what is there must hold; of several values of one, any (of `tag`: all). The filters of
    `list_jobs`.

        Example:
            {'error_class': 'TimeoutError', 'queue': ['mail'], 'state': ['discarded']}

        Attributes:
            batch_id (UUID | Unset): Of this batch.
            created_after (datetime.datetime | Unset):
            created_before (datetime.datetime | Unset):
            error_class (str | Unset): Whose latest failure is of this class.
            error_fingerprint (str | Unset): Whose latest failure has this fingerprint.
            finished_after (datetime.datetime | Unset):
            finished_before (datetime.datetime | Unset):
            id (list[UUID] | Unset): These jobs: up to 500.
            kind (list[str] | Unset): Of these kinds.
            payload (Any | Unset): JSON that the payload contains; of the last 7 days unless `created_after` says otherwise.
            q (str | Unset): Text in the error message; of the last 7 days unless `created_after` says otherwise.
            queue (list[str] | Unset): In these queues.
            schedule_id (str | Unset): Of this schedule.
            state (list[JobState] | Unset): In these states.
            tag (list[str] | Unset): With all of these tags.
            worker_id (str | Unset): Held, or last worked on, by this worker.
    """

    batch_id: UUID | Unset = UNSET
    created_after: datetime.datetime | Unset = UNSET
    created_before: datetime.datetime | Unset = UNSET
    error_class: str | Unset = UNSET
    error_fingerprint: str | Unset = UNSET
    finished_after: datetime.datetime | Unset = UNSET
    finished_before: datetime.datetime | Unset = UNSET
    id: list[UUID] | Unset = UNSET
    kind: list[str] | Unset = UNSET
    payload: Any | Unset = UNSET
    q: str | Unset = UNSET
    queue: list[str] | Unset = UNSET
    schedule_id: str | Unset = UNSET
    state: list[JobState] | Unset = UNSET
    tag: list[str] | Unset = UNSET
    worker_id: str | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        batch_id: str | Unset = UNSET
        if not isinstance(self.batch_id, Unset):
            batch_id = str(self.batch_id)

        created_after: str | Unset = UNSET
        if not isinstance(self.created_after, Unset):
            created_after = self.created_after.isoformat()

        created_before: str | Unset = UNSET
        if not isinstance(self.created_before, Unset):
            created_before = self.created_before.isoformat()

        error_class = self.error_class

        error_fingerprint = self.error_fingerprint

        finished_after: str | Unset = UNSET
        if not isinstance(self.finished_after, Unset):
            finished_after = self.finished_after.isoformat()

        finished_before: str | Unset = UNSET
        if not isinstance(self.finished_before, Unset):
            finished_before = self.finished_before.isoformat()

        id: list[str] | Unset = UNSET
        if not isinstance(self.id, Unset):
            id = []
            for id_item_data in self.id:
                id_item = str(id_item_data)
                id.append(id_item)

        kind: list[str] | Unset = UNSET
        if not isinstance(self.kind, Unset):
            kind = self.kind

        payload = self.payload

        q = self.q

        queue: list[str] | Unset = UNSET
        if not isinstance(self.queue, Unset):
            queue = self.queue

        schedule_id = self.schedule_id

        state: list[str] | Unset = UNSET
        if not isinstance(self.state, Unset):
            state = []
            for state_item_data in self.state:
                state_item = state_item_data.value
                state.append(state_item)

        tag: list[str] | Unset = UNSET
        if not isinstance(self.tag, Unset):
            tag = self.tag

        worker_id = self.worker_id

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if batch_id is not UNSET:
            field_dict["batch_id"] = batch_id
        if created_after is not UNSET:
            field_dict["created_after"] = created_after
        if created_before is not UNSET:
            field_dict["created_before"] = created_before
        if error_class is not UNSET:
            field_dict["error_class"] = error_class
        if error_fingerprint is not UNSET:
            field_dict["error_fingerprint"] = error_fingerprint
        if finished_after is not UNSET:
            field_dict["finished_after"] = finished_after
        if finished_before is not UNSET:
            field_dict["finished_before"] = finished_before
        if id is not UNSET:
            field_dict["id"] = id
        if kind is not UNSET:
            field_dict["kind"] = kind
        if payload is not UNSET:
            field_dict["payload"] = payload
        if q is not UNSET:
            field_dict["q"] = q
        if queue is not UNSET:
            field_dict["queue"] = queue
        if schedule_id is not UNSET:
            field_dict["schedule_id"] = schedule_id
        if state is not UNSET:
            field_dict["state"] = state
        if tag is not UNSET:
            field_dict["tag"] = tag
        if worker_id is not UNSET:
            field_dict["worker_id"] = worker_id

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        _batch_id = d.pop("batch_id", UNSET)
        batch_id: UUID | Unset
        if isinstance(_batch_id, Unset):
            batch_id = UNSET
        else:
            batch_id = UUID(_batch_id)

        _created_after = d.pop("created_after", UNSET)
        created_after: datetime.datetime | Unset
        if isinstance(_created_after, Unset):
            created_after = UNSET
        else:
            created_after = datetime.datetime.fromisoformat(_created_after)

        _created_before = d.pop("created_before", UNSET)
        created_before: datetime.datetime | Unset
        if isinstance(_created_before, Unset):
            created_before = UNSET
        else:
            created_before = datetime.datetime.fromisoformat(_created_before)

        error_class = d.pop("error_class", UNSET)

        error_fingerprint = d.pop("error_fingerprint", UNSET)

        _finished_after = d.pop("finished_after", UNSET)
        finished_after: datetime.datetime | Unset
        if isinstance(_finished_after, Unset):
            finished_after = UNSET
        else:
            finished_after = datetime.datetime.fromisoformat(_finished_after)

        _finished_before = d.pop("finished_before", UNSET)
        finished_before: datetime.datetime | Unset
        if isinstance(_finished_before, Unset):
            finished_before = UNSET
        else:
            finished_before = datetime.datetime.fromisoformat(_finished_before)

        _id = d.pop("id", UNSET)
        id: list[UUID] | Unset = UNSET
        if _id is not UNSET:
            id = []
            for id_item_data in _id:
                id_item = UUID(id_item_data)

                id.append(id_item)

        kind = cast(list[str], d.pop("kind", UNSET))

        payload = d.pop("payload", UNSET)

        q = d.pop("q", UNSET)

        queue = cast(list[str], d.pop("queue", UNSET))

        schedule_id = d.pop("schedule_id", UNSET)

        _state = d.pop("state", UNSET)
        state: list[JobState] | Unset = UNSET
        if _state is not UNSET:
            state = []
            for state_item_data in _state:
                state_item = JobState(state_item_data)

                state.append(state_item)

        tag = cast(list[str], d.pop("tag", UNSET))

        worker_id = d.pop("worker_id", UNSET)

        job_filter = cls(
            batch_id=batch_id,
            created_after=created_after,
            created_before=created_before,
            error_class=error_class,
            error_fingerprint=error_fingerprint,
            finished_after=finished_after,
            finished_before=finished_before,
            id=id,
            kind=kind,
            payload=payload,
            q=q,
            queue=queue,
            schedule_id=schedule_id,
            state=state,
            tag=tag,
            worker_id=worker_id,
        )

        job_filter.additional_properties = d
        return job_filter

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
