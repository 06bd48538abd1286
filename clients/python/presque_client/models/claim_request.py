from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

T = TypeVar("T", bound="ClaimRequest")


@_attrs_define
class ClaimRequest:
    """What a worker asks for.

    Example:
        {'max_jobs': 10, 'queues': ['critical', 'mail'], 'wait_ms': 0, 'worker_id': 'web-3'}

    Attributes:
        queues (list[str]): 1 to 50, tried in this order.
        fair (bool | Unset): Take of each queue in turn, instead of emptying the first one first.
        kinds (list[str] | Unset): Jobs of these kinds only.
        lease_ms (int | Unset): How long to hold each job without a heartbeat (1000 to 43200000).
        max_jobs (int | Unset): 1 to 1000 (1 if absent). An answer holds at most 16 MiB of payloads.
        wait_ms (int | Unset): How long to wait if there is nothing (0 to 30000, 0 if absent).
        worker_id (str | Unset): Who asks: up to 128 characters.
    """

    queues: list[str]
    fair: bool | Unset = UNSET
    kinds: list[str] | Unset = UNSET
    lease_ms: int | Unset = UNSET
    max_jobs: int | Unset = UNSET
    wait_ms: int | Unset = UNSET
    worker_id: str | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        queues = self.queues

        fair = self.fair

        kinds: list[str] | Unset = UNSET
        if not isinstance(self.kinds, Unset):
            kinds = self.kinds

        lease_ms = self.lease_ms

        max_jobs = self.max_jobs

        wait_ms = self.wait_ms

        worker_id = self.worker_id

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "queues": queues,
            }
        )
        if fair is not UNSET:
            field_dict["fair"] = fair
        if kinds is not UNSET:
            field_dict["kinds"] = kinds
        if lease_ms is not UNSET:
            field_dict["lease_ms"] = lease_ms
        if max_jobs is not UNSET:
            field_dict["max_jobs"] = max_jobs
        if wait_ms is not UNSET:
            field_dict["wait_ms"] = wait_ms
        if worker_id is not UNSET:
            field_dict["worker_id"] = worker_id

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        queues = cast(list[str], d.pop("queues"))

        fair = d.pop("fair", UNSET)

        kinds = cast(list[str], d.pop("kinds", UNSET))

        lease_ms = d.pop("lease_ms", UNSET)

        max_jobs = d.pop("max_jobs", UNSET)

        wait_ms = d.pop("wait_ms", UNSET)

        worker_id = d.pop("worker_id", UNSET)

        claim_request = cls(
            queues=queues,
            fair=fair,
            kinds=kinds,
            lease_ms=lease_ms,
            max_jobs=max_jobs,
            wait_ms=wait_ms,
            worker_id=worker_id,
        )

        claim_request.additional_properties = d
        return claim_request

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
