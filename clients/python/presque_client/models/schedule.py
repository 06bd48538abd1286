from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar, cast
from uuid import UUID

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

T = TypeVar("T", bound="Schedule")


@_attrs_define
class Schedule:
    """A schedule.

    Example:
        {'catch_up': 'one', 'created_at': datetime.datetime(2026, 11, 23, 4, 52, 52, 123456,
            tzinfo=datetime.timezone(datetime.timedelta(0), 'Z')), 'cron': '0 9 * * mon-fri', 'id': 'report', 'jitter_ms':
            0, 'kind': 'daily', 'next_run_at': datetime.datetime(2026, 11, 26, 8, 0,
            tzinfo=datetime.timezone(datetime.timedelta(0), 'Z')), 'next_runs': [datetime.datetime(2026, 11, 26, 8, 0,
            tzinfo=datetime.timezone(datetime.timedelta(0), 'Z'))], 'overlap': 'allow', 'paused': False, 'payload':
            {'format': 'pdf'}, 'queue': 'reports', 'tags': [], 'timezone': 'Europe/Paris', 'updated_at':
            datetime.datetime(2026, 11, 23, 4, 52, 52, 123456, tzinfo=datetime.timezone(datetime.timedelta(0), 'Z')),
            'version': 1}

    Attributes:
        catch_up (str): skip, one or all.
        created_at (datetime.datetime):
        cron (str):
        id (str):
        jitter_ms (int):
        kind (str):
        next_runs (list[str]): Up to 5.
        overlap (str): allow or skip.
        paused (bool): It fires nothing; what becomes due meanwhile is passed over.
        queue (str):
        tags (list[str]):
        timezone (str): An IANA name.
        updated_at (datetime.datetime):
        version (int): The `ETag`.
        description (str | Unset):
        ends_at (datetime.datetime | Unset):
        last_job_id (UUID | Unset):
        last_run_at (datetime.datetime | Unset): The last due time that fired.
        max_attempts (int | Unset): The queue's if absent.
        next_run_at (datetime.datetime | Unset): Absent while it is paused, and when there is none any more.
        payload (Any | Unset):
        priority (int | Unset): The queue's if absent.
        starts_at (datetime.datetime | Unset):
    """

    catch_up: str
    created_at: datetime.datetime
    cron: str
    id: str
    jitter_ms: int
    kind: str
    next_runs: list[str]
    overlap: str
    paused: bool
    queue: str
    tags: list[str]
    timezone: str
    updated_at: datetime.datetime
    version: int
    description: str | Unset = UNSET
    ends_at: datetime.datetime | Unset = UNSET
    last_job_id: UUID | Unset = UNSET
    last_run_at: datetime.datetime | Unset = UNSET
    max_attempts: int | Unset = UNSET
    next_run_at: datetime.datetime | Unset = UNSET
    payload: Any | Unset = UNSET
    priority: int | Unset = UNSET
    starts_at: datetime.datetime | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        catch_up = self.catch_up

        created_at = self.created_at.isoformat()

        cron = self.cron

        id = self.id

        jitter_ms = self.jitter_ms

        kind = self.kind

        next_runs = self.next_runs

        overlap = self.overlap

        paused = self.paused

        queue = self.queue

        tags = self.tags

        timezone = self.timezone

        updated_at = self.updated_at.isoformat()

        version = self.version

        description = self.description

        ends_at: str | Unset = UNSET
        if not isinstance(self.ends_at, Unset):
            ends_at = self.ends_at.isoformat()

        last_job_id: str | Unset = UNSET
        if not isinstance(self.last_job_id, Unset):
            last_job_id = str(self.last_job_id)

        last_run_at: str | Unset = UNSET
        if not isinstance(self.last_run_at, Unset):
            last_run_at = self.last_run_at.isoformat()

        max_attempts = self.max_attempts

        next_run_at: str | Unset = UNSET
        if not isinstance(self.next_run_at, Unset):
            next_run_at = self.next_run_at.isoformat()

        payload = self.payload

        priority = self.priority

        starts_at: str | Unset = UNSET
        if not isinstance(self.starts_at, Unset):
            starts_at = self.starts_at.isoformat()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "catch_up": catch_up,
                "created_at": created_at,
                "cron": cron,
                "id": id,
                "jitter_ms": jitter_ms,
                "kind": kind,
                "next_runs": next_runs,
                "overlap": overlap,
                "paused": paused,
                "queue": queue,
                "tags": tags,
                "timezone": timezone,
                "updated_at": updated_at,
                "version": version,
            }
        )
        if description is not UNSET:
            field_dict["description"] = description
        if ends_at is not UNSET:
            field_dict["ends_at"] = ends_at
        if last_job_id is not UNSET:
            field_dict["last_job_id"] = last_job_id
        if last_run_at is not UNSET:
            field_dict["last_run_at"] = last_run_at
        if max_attempts is not UNSET:
            field_dict["max_attempts"] = max_attempts
        if next_run_at is not UNSET:
            field_dict["next_run_at"] = next_run_at
        if payload is not UNSET:
            field_dict["payload"] = payload
        if priority is not UNSET:
            field_dict["priority"] = priority
        if starts_at is not UNSET:
            field_dict["starts_at"] = starts_at

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        catch_up = d.pop("catch_up")

        created_at = datetime.datetime.fromisoformat(d.pop("created_at"))

        cron = d.pop("cron")

        id = d.pop("id")

        jitter_ms = d.pop("jitter_ms")

        kind = d.pop("kind")

        next_runs = cast(list[str], d.pop("next_runs"))

        overlap = d.pop("overlap")

        paused = d.pop("paused")

        queue = d.pop("queue")

        tags = cast(list[str], d.pop("tags"))

        timezone = d.pop("timezone")

        updated_at = datetime.datetime.fromisoformat(d.pop("updated_at"))

        version = d.pop("version")

        description = d.pop("description", UNSET)

        _ends_at = d.pop("ends_at", UNSET)
        ends_at: datetime.datetime | Unset
        if isinstance(_ends_at, Unset):
            ends_at = UNSET
        else:
            ends_at = datetime.datetime.fromisoformat(_ends_at)

        _last_job_id = d.pop("last_job_id", UNSET)
        last_job_id: UUID | Unset
        if isinstance(_last_job_id, Unset):
            last_job_id = UNSET
        else:
            last_job_id = UUID(_last_job_id)

        _last_run_at = d.pop("last_run_at", UNSET)
        last_run_at: datetime.datetime | Unset
        if isinstance(_last_run_at, Unset):
            last_run_at = UNSET
        else:
            last_run_at = datetime.datetime.fromisoformat(_last_run_at)

        max_attempts = d.pop("max_attempts", UNSET)

        _next_run_at = d.pop("next_run_at", UNSET)
        next_run_at: datetime.datetime | Unset
        if isinstance(_next_run_at, Unset):
            next_run_at = UNSET
        else:
            next_run_at = datetime.datetime.fromisoformat(_next_run_at)

        payload = d.pop("payload", UNSET)

        priority = d.pop("priority", UNSET)

        _starts_at = d.pop("starts_at", UNSET)
        starts_at: datetime.datetime | Unset
        if isinstance(_starts_at, Unset):
            starts_at = UNSET
        else:
            starts_at = datetime.datetime.fromisoformat(_starts_at)

        schedule = cls(
            catch_up=catch_up,
            created_at=created_at,
            cron=cron,
            id=id,
            jitter_ms=jitter_ms,
            kind=kind,
            next_runs=next_runs,
            overlap=overlap,
            paused=paused,
            queue=queue,
            tags=tags,
            timezone=timezone,
            updated_at=updated_at,
            version=version,
            description=description,
            ends_at=ends_at,
            last_job_id=last_job_id,
            last_run_at=last_run_at,
            max_attempts=max_attempts,
            next_run_at=next_run_at,
            payload=payload,
            priority=priority,
            starts_at=starts_at,
        )

        schedule.additional_properties = d
        return schedule

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
