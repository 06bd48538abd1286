from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast
from uuid import UUID

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.string_map import StringMap


T = TypeVar("T", bound="NewJob")


@_attrs_define
class NewJob:
    """A job to enqueue. What is absent, its queue decides.

    Example:
        {'dedup_key': 'welcome:17', 'kind': 'welcome', 'payload': {'user_id': 17}, 'tags': ['tenant:9']}

    Attributes:
        batch_id (UUID | Unset): A batch that it joins while that is running.
        dedup_key (str | Unset): While a job with this key is there, no other one gets in: up to 256 characters.
        dedup_on_conflict (str | Unset): What happens if the key is held: `return_existing`, `reject` or `replace`.
        dedup_until (str | Unset): Until when the key is held: started, finished or window.
        dedup_window_ms (int | Unset): With the until window: for how long.
        delay_ms (int | Unset): Not before this many milliseconds from now; not with `run_after`.
        depends_on (list[UUID] | Unset): It waits, as `pending`, until these jobs have completed: up to 100 ids.
        depends_on_names (list[str] | Unset): It waits for jobs of the same request, by their `name`.
        expires_at (datetime.datetime | Unset): Not started by then: cancelled, with the reason `expired`.
        headers (StringMap | Unset): Names and texts of your own. Example: {'tenant': '9'}.
        kind (str | Unset): What is to be done: up to 128 characters (`default` if absent).
        lease_ms (int | Unset): How long a worker holds it without a heartbeat (1000 to 43200000).
        max_attempts (int | Unset): Failures after which it is discarded (1 to 1000).
        name (str | Unset): What other jobs of the same request call it: up to 128 characters.
        on_dependency_failure (str | Unset): What becomes of it when one of those is discarded or cancelled: `cancel`
            (if absent), or `run` all the same.
        payload (Any | Unset): Any JSON, kept byte for byte (null if absent).
        priority (int | Unset): Higher goes first (-100 to 100).
        queue (str | Unset): Required in `enqueue_jobs`; in `enqueue_job` the path says it.
        run_after (datetime.datetime | Unset): Not before this moment; one in the past means now.
        tags (list[str] | Unset): Up to 16, each up to 64 characters.
        timeout_ms (int | Unset): How long one attempt may take, heartbeats or not; 0 is no limit.
        traceparent (str | Unset): W3C Trace Context; the request's header of this name if absent.
    """

    batch_id: UUID | Unset = UNSET
    dedup_key: str | Unset = UNSET
    dedup_on_conflict: str | Unset = UNSET
    dedup_until: str | Unset = UNSET
    dedup_window_ms: int | Unset = UNSET
    delay_ms: int | Unset = UNSET
    depends_on: list[UUID] | Unset = UNSET
    depends_on_names: list[str] | Unset = UNSET
    expires_at: datetime.datetime | Unset = UNSET
    headers: StringMap | Unset = UNSET
    kind: str | Unset = UNSET
    lease_ms: int | Unset = UNSET
    max_attempts: int | Unset = UNSET
    name: str | Unset = UNSET
    on_dependency_failure: str | Unset = UNSET
    payload: Any | Unset = UNSET
    priority: int | Unset = UNSET
    queue: str | Unset = UNSET
    run_after: datetime.datetime | Unset = UNSET
    tags: list[str] | Unset = UNSET
    timeout_ms: int | Unset = UNSET
    traceparent: str | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        batch_id: str | Unset = UNSET
        if not isinstance(self.batch_id, Unset):
            batch_id = str(self.batch_id)

        dedup_key = self.dedup_key

        dedup_on_conflict = self.dedup_on_conflict

        dedup_until = self.dedup_until

        dedup_window_ms = self.dedup_window_ms

        delay_ms = self.delay_ms

        depends_on: list[str] | Unset = UNSET
        if not isinstance(self.depends_on, Unset):
            depends_on = []
            for depends_on_item_data in self.depends_on:
                depends_on_item = str(depends_on_item_data)
                depends_on.append(depends_on_item)

        depends_on_names: list[str] | Unset = UNSET
        if not isinstance(self.depends_on_names, Unset):
            depends_on_names = self.depends_on_names

        expires_at: str | Unset = UNSET
        if not isinstance(self.expires_at, Unset):
            expires_at = self.expires_at.isoformat()

        headers: dict[str, Any] | Unset = UNSET
        if not isinstance(self.headers, Unset):
            headers = self.headers.to_dict()

        kind = self.kind

        lease_ms = self.lease_ms

        max_attempts = self.max_attempts

        name = self.name

        on_dependency_failure = self.on_dependency_failure

        payload = self.payload

        priority = self.priority

        queue = self.queue

        run_after: str | Unset = UNSET
        if not isinstance(self.run_after, Unset):
            run_after = self.run_after.isoformat()

        tags: list[str] | Unset = UNSET
        if not isinstance(self.tags, Unset):
            tags = self.tags

        timeout_ms = self.timeout_ms

        traceparent = self.traceparent

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if batch_id is not UNSET:
            field_dict["batch_id"] = batch_id
        if dedup_key is not UNSET:
            field_dict["dedup_key"] = dedup_key
        if dedup_on_conflict is not UNSET:
            field_dict["dedup_on_conflict"] = dedup_on_conflict
        if dedup_until is not UNSET:
            field_dict["dedup_until"] = dedup_until
        if dedup_window_ms is not UNSET:
            field_dict["dedup_window_ms"] = dedup_window_ms
        if delay_ms is not UNSET:
            field_dict["delay_ms"] = delay_ms
        if depends_on is not UNSET:
            field_dict["depends_on"] = depends_on
        if depends_on_names is not UNSET:
            field_dict["depends_on_names"] = depends_on_names
        if expires_at is not UNSET:
            field_dict["expires_at"] = expires_at
        if headers is not UNSET:
            field_dict["headers"] = headers
        if kind is not UNSET:
            field_dict["kind"] = kind
        if lease_ms is not UNSET:
            field_dict["lease_ms"] = lease_ms
        if max_attempts is not UNSET:
            field_dict["max_attempts"] = max_attempts
        if name is not UNSET:
            field_dict["name"] = name
        if on_dependency_failure is not UNSET:
            field_dict["on_dependency_failure"] = on_dependency_failure
        if payload is not UNSET:
            field_dict["payload"] = payload
        if priority is not UNSET:
            field_dict["priority"] = priority
        if queue is not UNSET:
            field_dict["queue"] = queue
        if run_after is not UNSET:
            field_dict["run_after"] = run_after
        if tags is not UNSET:
            field_dict["tags"] = tags
        if timeout_ms is not UNSET:
            field_dict["timeout_ms"] = timeout_ms
        if traceparent is not UNSET:
            field_dict["traceparent"] = traceparent

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.string_map import StringMap  # noqa: PLC0415

        d = dict(src_dict)
        _batch_id = d.pop("batch_id", UNSET)
        batch_id: UUID | Unset
        if isinstance(_batch_id, Unset):
            batch_id = UNSET
        else:
            batch_id = UUID(_batch_id)

        dedup_key = d.pop("dedup_key", UNSET)

        dedup_on_conflict = d.pop("dedup_on_conflict", UNSET)

        dedup_until = d.pop("dedup_until", UNSET)

        dedup_window_ms = d.pop("dedup_window_ms", UNSET)

        delay_ms = d.pop("delay_ms", UNSET)

        _depends_on = d.pop("depends_on", UNSET)
        depends_on: list[UUID] | Unset = UNSET
        if _depends_on is not UNSET:
            depends_on = []
            for depends_on_item_data in _depends_on:
                depends_on_item = UUID(depends_on_item_data)

                depends_on.append(depends_on_item)

        depends_on_names = cast(list[str], d.pop("depends_on_names", UNSET))

        _expires_at = d.pop("expires_at", UNSET)
        expires_at: datetime.datetime | Unset
        if isinstance(_expires_at, Unset):
            expires_at = UNSET
        else:
            expires_at = datetime.datetime.fromisoformat(_expires_at)

        _headers = d.pop("headers", UNSET)
        headers: StringMap | Unset
        if isinstance(_headers, Unset):
            headers = UNSET
        else:
            headers = StringMap.from_dict(_headers)

        kind = d.pop("kind", UNSET)

        lease_ms = d.pop("lease_ms", UNSET)

        max_attempts = d.pop("max_attempts", UNSET)

        name = d.pop("name", UNSET)

        on_dependency_failure = d.pop("on_dependency_failure", UNSET)

        payload = d.pop("payload", UNSET)

        priority = d.pop("priority", UNSET)

        queue = d.pop("queue", UNSET)

        _run_after = d.pop("run_after", UNSET)
        run_after: datetime.datetime | Unset
        if isinstance(_run_after, Unset):
            run_after = UNSET
        else:
            run_after = datetime.datetime.fromisoformat(_run_after)

        tags = cast(list[str], d.pop("tags", UNSET))

        timeout_ms = d.pop("timeout_ms", UNSET)

        traceparent = d.pop("traceparent", UNSET)

        new_job = cls(
            batch_id=batch_id,
            dedup_key=dedup_key,
            dedup_on_conflict=dedup_on_conflict,
            dedup_until=dedup_until,
            dedup_window_ms=dedup_window_ms,
            delay_ms=delay_ms,
            depends_on=depends_on,
            depends_on_names=depends_on_names,
            expires_at=expires_at,
            headers=headers,
            kind=kind,
            lease_ms=lease_ms,
            max_attempts=max_attempts,
            name=name,
            on_dependency_failure=on_dependency_failure,
            payload=payload,
            priority=priority,
            queue=queue,
            run_after=run_after,
            tags=tags,
            timeout_ms=timeout_ms,
            traceparent=traceparent,
        )

        new_job.additional_properties = d
        return new_job

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
