from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="LatencyStats")


@_attrs_define
class LatencyStats:
    """Milliseconds. Percentiles are off by 9 % at most, and add up over time, queues and kinds.

    Example:
        {'avg': 20.0, 'max': 900.0, 'p50': 12.3, 'p90': 40.0, 'p95': 60.0, 'p99': 200.0}

    Attributes:
        avg (float):
        max_ (float):
        p50 (float):
        p90 (float):
        p95 (float):
        p99 (float):
    """

    avg: float
    max_: float
    p50: float
    p90: float
    p95: float
    p99: float
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        avg = self.avg

        max_ = self.max_

        p50 = self.p50

        p90 = self.p90

        p95 = self.p95

        p99 = self.p99

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "avg": avg,
                "max": max_,
                "p50": p50,
                "p90": p90,
                "p95": p95,
                "p99": p99,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        avg = d.pop("avg")

        max_ = d.pop("max")

        p50 = d.pop("p50")

        p90 = d.pop("p90")

        p95 = d.pop("p95")

        p99 = d.pop("p99")

        latency_stats = cls(
            avg=avg,
            max_=max_,
            p50=p50,
            p90=p90,
            p95=p95,
            p99=p99,
        )

        latency_stats.additional_properties = d
        return latency_stats

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
