from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

T = TypeVar("T", bound="UpsertScheduleRequest")


@_attrs_define
class UpsertScheduleRequest:
    """What a schedule shall be. What is absent stays as it is; `queue` and `cron` are required in a
    new one.

        Example:
            {'cron': '0 9 * * mon-fri', 'kind': 'daily', 'payload': {'format': 'pdf'}, 'queue': 'reports', 'timezone':
                'Europe/Paris'}

        Attributes:
            catch_up (str | Unset): What becomes of due times that were missed while no server ran: skip, one (the latest of
                them; if absent) or all (up to 1000).
            cron (str | Unset): 5 fields (minute hour day month weekday), or 6 with seconds first; names, ranges, steps,
                lists, `L`; or `@hourly`, `@daily`, `@weekly`, `@monthly`, `@yearly`, `@every <n>s|m|h`.
            description (str | Unset): For people: up to 4096 characters.
            ends_at (datetime.datetime | Unset): Nothing is due after.
            jitter_ms (int | Unset): Each job waits a random time up to this (0 to 86400000).
            kind (str | Unset): Up to 128 characters (`default` if absent).
            max_attempts (int | Unset): 1 to 1000; the queue's if absent.
            overlap (str | Unset): Whether a due time fires while the job of the last one is unfinished: allow (if absent)
                or
                skip.
            paused (bool | Unset): Fire nothing; what becomes due meanwhile is passed over.
            payload (Any | Unset): Any JSON, kept byte for byte (null if absent).
            priority (int | Unset): -100 to 100; the queue's if absent.
            queue (str | Unset):
            starts_at (datetime.datetime | Unset): Nothing is due before; `@every` counts from here.
            tags (list[str] | Unset): Up to 16, each up to 64 characters.
            timezone (str | Unset): An IANA name (UTC if absent). A time that the clocks skip is due just after the gap, and
                one that they repeat is due once.
    """

    catch_up: str | Unset = UNSET
    cron: str | Unset = UNSET
    description: str | Unset = UNSET
    ends_at: datetime.datetime | Unset = UNSET
    jitter_ms: int | Unset = UNSET
    kind: str | Unset = UNSET
    max_attempts: int | Unset = UNSET
    overlap: str | Unset = UNSET
    paused: bool | Unset = UNSET
    payload: Any | Unset = UNSET
    priority: int | Unset = UNSET
    queue: str | Unset = UNSET
    starts_at: datetime.datetime | Unset = UNSET
    tags: list[str] | Unset = UNSET
    timezone: str | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        catch_up = self.catch_up

        cron = self.cron

        description = self.description

        ends_at: str | Unset = UNSET
        if not isinstance(self.ends_at, Unset):
            ends_at = self.ends_at.isoformat()

        jitter_ms = self.jitter_ms

        kind = self.kind

        max_attempts = self.max_attempts

        overlap = self.overlap

        paused = self.paused

        payload = self.payload

        priority = self.priority

        queue = self.queue

        starts_at: str | Unset = UNSET
        if not isinstance(self.starts_at, Unset):
            starts_at = self.starts_at.isoformat()

        tags: list[str] | Unset = UNSET
        if not isinstance(self.tags, Unset):
            tags = self.tags

        timezone = self.timezone

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if catch_up is not UNSET:
            field_dict["catch_up"] = catch_up
        if cron is not UNSET:
            field_dict["cron"] = cron
        if description is not UNSET:
            field_dict["description"] = description
        if ends_at is not UNSET:
            field_dict["ends_at"] = ends_at
        if jitter_ms is not UNSET:
            field_dict["jitter_ms"] = jitter_ms
        if kind is not UNSET:
            field_dict["kind"] = kind
        if max_attempts is not UNSET:
            field_dict["max_attempts"] = max_attempts
        if overlap is not UNSET:
            field_dict["overlap"] = overlap
        if paused is not UNSET:
            field_dict["paused"] = paused
        if payload is not UNSET:
            field_dict["payload"] = payload
        if priority is not UNSET:
            field_dict["priority"] = priority
        if queue is not UNSET:
            field_dict["queue"] = queue
        if starts_at is not UNSET:
            field_dict["starts_at"] = starts_at
        if tags is not UNSET:
            field_dict["tags"] = tags
        if timezone is not UNSET:
            field_dict["timezone"] = timezone

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        catch_up = d.pop("catch_up", UNSET)

        cron = d.pop("cron", UNSET)

        description = d.pop("description", UNSET)

        _ends_at = d.pop("ends_at", UNSET)
        ends_at: datetime.datetime | Unset
        if isinstance(_ends_at, Unset):
            ends_at = UNSET
        else:
            ends_at = datetime.datetime.fromisoformat(_ends_at)

        jitter_ms = d.pop("jitter_ms", UNSET)

        kind = d.pop("kind", UNSET)

        max_attempts = d.pop("max_attempts", UNSET)

        overlap = d.pop("overlap", UNSET)

        paused = d.pop("paused", UNSET)

        payload = d.pop("payload", UNSET)

        priority = d.pop("priority", UNSET)

        queue = d.pop("queue", UNSET)

        _starts_at = d.pop("starts_at", UNSET)
        starts_at: datetime.datetime | Unset
        if isinstance(_starts_at, Unset):
            starts_at = UNSET
        else:
            starts_at = datetime.datetime.fromisoformat(_starts_at)

        tags = cast(list[str], d.pop("tags", UNSET))

        timezone = d.pop("timezone", UNSET)

        upsert_schedule_request = cls(
            catch_up=catch_up,
            cron=cron,
            description=description,
            ends_at=ends_at,
            jitter_ms=jitter_ms,
            kind=kind,
            max_attempts=max_attempts,
            overlap=overlap,
            paused=paused,
            payload=payload,
            priority=priority,
            queue=queue,
            starts_at=starts_at,
            tags=tags,
            timezone=timezone,
        )

        upsert_schedule_request.additional_properties = d
        return upsert_schedule_request

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
