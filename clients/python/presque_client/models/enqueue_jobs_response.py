from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.enqueue_result import EnqueueResult


T = TypeVar("T", bound="EnqueueJobsResponse")


@_attrs_define
class EnqueueJobsResponse:
    """In the order of the request.

    Example:
        {'results': [{'duplicate': False, 'id': '01a206c8-d8c7-76c7-bfda-d9bb00000001', 'queue': 'mail', 'run_after':
            datetime.datetime(2026, 11, 23, 4, 52, 52, 123456, tzinfo=datetime.timezone(datetime.timedelta(0), 'Z')),
            'state': 'available'}]}

    Attributes:
        results (list[EnqueueResult]):
    """

    results: list[EnqueueResult]
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        results = []
        for results_item_data in self.results:
            results_item = results_item_data.to_dict()
            results.append(results_item)

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "results": results,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.enqueue_result import EnqueueResult  # noqa: PLC0415

        d = dict(src_dict)
        results = []
        _results = d.pop("results")
        for results_item_data in _results:
            results_item = EnqueueResult.from_dict(results_item_data)

            results.append(results_item)

        enqueue_jobs_response = cls(
            results=results,
        )

        enqueue_jobs_response.additional_properties = d
        return enqueue_jobs_response

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
