from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.claim_request import ClaimRequest
    from ..models.settle_item import SettleItem


T = TypeVar("T", bound="SettleRequest")


@_attrs_define
class SettleRequest:
    """Many outcomes, and the next claim, in one round trip.

    Example:
        {'claim': {'max_jobs': 10, 'queues': ['mail']}, 'items': [{'job_id': '01a206c8-d8c7-76c7-bfda-d9bb00000001',
            'lease_token': '6f1ed002ab5595859014ebf0951522d9', 'outcome': 'completed'}]}

    Attributes:
        items (list[SettleItem]): 0 to 1000, each on its own.
        claim (ClaimRequest | Unset): What a worker asks for. Example: {'max_jobs': 10, 'queues': ['critical', 'mail'],
            'wait_ms': 0, 'worker_id': 'web-3'}.
    """

    items: list[SettleItem]
    claim: ClaimRequest | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        items = []
        for items_item_data in self.items:
            items_item = items_item_data.to_dict()
            items.append(items_item)

        claim: dict[str, Any] | Unset = UNSET
        if not isinstance(self.claim, Unset):
            claim = self.claim.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "items": items,
            }
        )
        if claim is not UNSET:
            field_dict["claim"] = claim

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.claim_request import ClaimRequest  # noqa: PLC0415
        from ..models.settle_item import SettleItem  # noqa: PLC0415

        d = dict(src_dict)
        items = []
        _items = d.pop("items")
        for items_item_data in _items:
            items_item = SettleItem.from_dict(items_item_data)

            items.append(items_item)

        _claim = d.pop("claim", UNSET)
        claim: ClaimRequest | Unset
        if isinstance(_claim, Unset):
            claim = UNSET
        else:
            claim = ClaimRequest.from_dict(_claim)

        settle_request = cls(
            items=items,
            claim=claim,
        )

        settle_request.additional_properties = d
        return settle_request

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
