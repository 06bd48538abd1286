from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.string_map import StringMap
    from ..models.worker_lease import WorkerLease


T = TypeVar("T", bound="WorkerHeartbeatRequest")


@_attrs_define
class WorkerHeartbeatRequest:
    """A sign of life; the first one registers. What is absent stays as it was.

    Example:
        {'concurrency': 20, 'leases': [{'job_id': '01a206c8-d8c7-76c7-bfda-d9bb00000001', 'lease_token':
            '6f1ed002ab5595859014ebf0951522d9', 'progress': 40.0}], 'queues': ['mail'], 'status': 'running'}

    Attributes:
        concurrency (int | Unset): How many jobs it works on at once.
        hostname (str | Unset):
        kinds (list[str] | Unset): Up to 50.
        labels (StringMap | Unset): Names and texts of your own. Example: {'tenant': '9'}.
        leases (list[WorkerLease] | Unset): Leases to keep alive, up to 1000.
        pid (int | Unset):
        queues (list[str] | Unset): Up to 50.
        status (str | Unset): running, quiet (takes no more) or stopped (unregisters, and releases its leases: those
            listed, or all it claimed if none are).
        version (str | Unset):
    """

    concurrency: int | Unset = UNSET
    hostname: str | Unset = UNSET
    kinds: list[str] | Unset = UNSET
    labels: StringMap | Unset = UNSET
    leases: list[WorkerLease] | Unset = UNSET
    pid: int | Unset = UNSET
    queues: list[str] | Unset = UNSET
    status: str | Unset = UNSET
    version: str | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        concurrency = self.concurrency

        hostname = self.hostname

        kinds: list[str] | Unset = UNSET
        if not isinstance(self.kinds, Unset):
            kinds = self.kinds

        labels: dict[str, Any] | Unset = UNSET
        if not isinstance(self.labels, Unset):
            labels = self.labels.to_dict()

        leases: list[dict[str, Any]] | Unset = UNSET
        if not isinstance(self.leases, Unset):
            leases = []
            for leases_item_data in self.leases:
                leases_item = leases_item_data.to_dict()
                leases.append(leases_item)

        pid = self.pid

        queues: list[str] | Unset = UNSET
        if not isinstance(self.queues, Unset):
            queues = self.queues

        status = self.status

        version = self.version

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if concurrency is not UNSET:
            field_dict["concurrency"] = concurrency
        if hostname is not UNSET:
            field_dict["hostname"] = hostname
        if kinds is not UNSET:
            field_dict["kinds"] = kinds
        if labels is not UNSET:
            field_dict["labels"] = labels
        if leases is not UNSET:
            field_dict["leases"] = leases
        if pid is not UNSET:
            field_dict["pid"] = pid
        if queues is not UNSET:
            field_dict["queues"] = queues
        if status is not UNSET:
            field_dict["status"] = status
        if version is not UNSET:
            field_dict["version"] = version

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.string_map import StringMap  # noqa: PLC0415
        from ..models.worker_lease import WorkerLease  # noqa: PLC0415

        d = dict(src_dict)
        concurrency = d.pop("concurrency", UNSET)

        hostname = d.pop("hostname", UNSET)

        kinds = cast(list[str], d.pop("kinds", UNSET))

        _labels = d.pop("labels", UNSET)
        labels: StringMap | Unset
        if isinstance(_labels, Unset):
            labels = UNSET
        else:
            labels = StringMap.from_dict(_labels)

        _leases = d.pop("leases", UNSET)
        leases: list[WorkerLease] | Unset = UNSET
        if _leases is not UNSET:
            leases = []
            for leases_item_data in _leases:
                leases_item = WorkerLease.from_dict(leases_item_data)

                leases.append(leases_item)

        pid = d.pop("pid", UNSET)

        queues = cast(list[str], d.pop("queues", UNSET))

        status = d.pop("status", UNSET)

        version = d.pop("version", UNSET)

        worker_heartbeat_request = cls(
            concurrency=concurrency,
            hostname=hostname,
            kinds=kinds,
            labels=labels,
            leases=leases,
            pid=pid,
            queues=queues,
            status=status,
            version=version,
        )

        worker_heartbeat_request.additional_properties = d
        return worker_heartbeat_request

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
