from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.claimed_job import ClaimedJob
    from ..models.settle_result import SettleResult


T = TypeVar("T", bound="SettleResponse")


@_attrs_define
class SettleResponse:
    """What became of the items, in their order, and the jobs that were claimed.

    Example:
        {'jobs': [], 'poll_after_ms': 250, 'results': [{'job_id': '01a206c8-d8c7-76c7-bfda-d9bb00000001', 'ok': True,
            'state': 'completed'}]}

    Attributes:
        jobs (list[ClaimedJob]):
        poll_after_ms (int): Wait this long before the next claim; 0 is at once.
        results (list[SettleResult]):
    """

    jobs: list[ClaimedJob]
    poll_after_ms: int
    results: list[SettleResult]
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        jobs = []
        for jobs_item_data in self.jobs:
            jobs_item = jobs_item_data.to_dict()
            jobs.append(jobs_item)

        poll_after_ms = self.poll_after_ms

        results = []
        for results_item_data in self.results:
            results_item = results_item_data.to_dict()
            results.append(results_item)

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "jobs": jobs,
                "poll_after_ms": poll_after_ms,
                "results": results,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.claimed_job import ClaimedJob  # noqa: PLC0415
        from ..models.settle_result import SettleResult  # noqa: PLC0415

        d = dict(src_dict)
        jobs = []
        _jobs = d.pop("jobs")
        for jobs_item_data in _jobs:
            jobs_item = ClaimedJob.from_dict(jobs_item_data)

            jobs.append(jobs_item)

        poll_after_ms = d.pop("poll_after_ms")

        results = []
        _results = d.pop("results")
        for results_item_data in _results:
            results_item = SettleResult.from_dict(results_item_data)

            results.append(results_item)

        settle_response = cls(
            jobs=jobs,
            poll_after_ms=poll_after_ms,
            results=results,
        )

        settle_response.additional_properties = d
        return settle_response

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
