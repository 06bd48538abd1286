from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.string_map import StringMap


T = TypeVar("T", bound="Worker")


@_attrs_define
class Worker:
    """A worker.

    Example:
        {'completed_last_hour': 1200, 'concurrency': 20, 'failed_last_hour': 3, 'id': 'web-3', 'kinds': [], 'labels':
            {}, 'last_heartbeat_at': datetime.datetime(2026, 11, 23, 5, 0, 52, 123456,
            tzinfo=datetime.timezone(datetime.timedelta(0), 'Z')), 'queues': ['mail'], 'running': 4, 'started_at':
            datetime.datetime(2026, 11, 23, 4, 52, 52, 123456, tzinfo=datetime.timezone(datetime.timedelta(0), 'Z')),
            'status': 'running'}

    Attributes:
        completed_last_hour (int):
        concurrency (int):
        failed_last_hour (int):
        id (str):
        kinds (list[str]):
        labels (StringMap): Names and texts of your own. Example: {'tenant': '9'}.
        last_heartbeat_at (datetime.datetime):
        queues (list[str]):
        running (int): Jobs it holds now.
        started_at (datetime.datetime):
        status (str): running, quiet, stopping (it was told to stop) or lost (it missed three beats).
        hostname (str | Unset):
        pid (int | Unset):
        version (str | Unset):
    """

    completed_last_hour: int
    concurrency: int
    failed_last_hour: int
    id: str
    kinds: list[str]
    labels: StringMap
    last_heartbeat_at: datetime.datetime
    queues: list[str]
    running: int
    started_at: datetime.datetime
    status: str
    hostname: str | Unset = UNSET
    pid: int | Unset = UNSET
    version: str | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        completed_last_hour = self.completed_last_hour

        concurrency = self.concurrency

        failed_last_hour = self.failed_last_hour

        id = self.id

        kinds = self.kinds

        labels = self.labels.to_dict()

        last_heartbeat_at = self.last_heartbeat_at.isoformat()

        queues = self.queues

        running = self.running

        started_at = self.started_at.isoformat()

        status = self.status

        hostname = self.hostname

        pid = self.pid

        version = self.version

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "completed_last_hour": completed_last_hour,
                "concurrency": concurrency,
                "failed_last_hour": failed_last_hour,
                "id": id,
                "kinds": kinds,
                "labels": labels,
                "last_heartbeat_at": last_heartbeat_at,
                "queues": queues,
                "running": running,
                "started_at": started_at,
                "status": status,
            }
        )
        if hostname is not UNSET:
            field_dict["hostname"] = hostname
        if pid is not UNSET:
            field_dict["pid"] = pid
        if version is not UNSET:
            field_dict["version"] = version

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.string_map import StringMap  # noqa: PLC0415

        d = dict(src_dict)
        completed_last_hour = d.pop("completed_last_hour")

        concurrency = d.pop("concurrency")

        failed_last_hour = d.pop("failed_last_hour")

        id = d.pop("id")

        kinds = cast(list[str], d.pop("kinds"))

        labels = StringMap.from_dict(d.pop("labels"))

        last_heartbeat_at = datetime.datetime.fromisoformat(d.pop("last_heartbeat_at"))

        queues = cast(list[str], d.pop("queues"))

        running = d.pop("running")

        started_at = datetime.datetime.fromisoformat(d.pop("started_at"))

        status = d.pop("status")

        hostname = d.pop("hostname", UNSET)

        pid = d.pop("pid", UNSET)

        version = d.pop("version", UNSET)

        worker = cls(
            completed_last_hour=completed_last_hour,
            concurrency=concurrency,
            failed_last_hour=failed_last_hour,
            id=id,
            kinds=kinds,
            labels=labels,
            last_heartbeat_at=last_heartbeat_at,
            queues=queues,
            running=running,
            started_at=started_at,
            status=status,
            hostname=hostname,
            pid=pid,
            version=version,
        )

        worker.additional_properties = d
        return worker

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
