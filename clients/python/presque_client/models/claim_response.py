from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.claimed_job import ClaimedJob


T = TypeVar("T", bound="ClaimResponse")


@_attrs_define
class ClaimResponse:
    """Jobs, or none.

    Example:
        {'jobs': [], 'paused_queues': [], 'poll_after_ms': 250}

    Attributes:
        jobs (list[ClaimedJob]):
        paused_queues (list[str]): Asked queues that are paused.
        poll_after_ms (int): Wait this long before the next claim; 0 is at once.
    """

    jobs: list[ClaimedJob]
    paused_queues: list[str]
    poll_after_ms: int
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        jobs = []
        for jobs_item_data in self.jobs:
            jobs_item = jobs_item_data.to_dict()
            jobs.append(jobs_item)

        paused_queues = self.paused_queues

        poll_after_ms = self.poll_after_ms

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "jobs": jobs,
                "paused_queues": paused_queues,
                "poll_after_ms": poll_after_ms,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.claimed_job import ClaimedJob  # noqa: PLC0415

        d = dict(src_dict)
        jobs = []
        _jobs = d.pop("jobs")
        for jobs_item_data in _jobs:
            jobs_item = ClaimedJob.from_dict(jobs_item_data)

            jobs.append(jobs_item)

        paused_queues = cast(list[str], d.pop("paused_queues"))

        poll_after_ms = d.pop("poll_after_ms")

        claim_response = cls(
            jobs=jobs,
            paused_queues=paused_queues,
            poll_after_ms=poll_after_ms,
        )

        claim_response.additional_properties = d
        return claim_response

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
