from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.state_counts import StateCounts
    from ..models.summary_row import SummaryRow


T = TypeVar("T", bound="Summary")


@_attrs_define
class Summary:
    """What happened in a range of time.

    Example:
        {'counts': {'available': 10, 'cancelled': 0, 'completed': 1200, 'discarded': 3, 'pending': 0, 'retryable': 1,
            'running': 4, 'scheduled': 2}, 'rows': [], 'since': datetime.datetime(2026, 11, 23, 4, 0,
            tzinfo=datetime.timezone(datetime.timedelta(0), 'Z')), 'total': {'cancelled': 0, 'completed': 7100,
            'completed_per_min': 118.3, 'discarded': 3, 'enqueued': 7200, 'error_rate': 0.0114, 'failed_attempts': 80,
            'key': '', 'lost_attempts': 2, 'run_ms': {'avg': 200.0, 'max': 9000.0, 'p50': 120.0, 'p90': 400.0, 'p95': 600.0,
            'p99': 2000.0}, 'started': 7190, 'wait_ms': {'avg': 20.0, 'max': 900.0, 'p50': 12.3, 'p90': 40.0, 'p95': 60.0,
            'p99': 200.0}}, 'until': datetime.datetime(2026, 11, 23, 5, 0, tzinfo=datetime.timezone(datetime.timedelta(0),
            'Z'))}

    Attributes:
        counts (StateCounts): How many jobs are in each state; from counters, at most 2 seconds old. Example:
            {'available': 10, 'cancelled': 0, 'completed': 1200, 'discarded': 3, 'pending': 0, 'retryable': 1, 'running': 4,
            'scheduled': 2}.
        rows (list[SummaryRow]): Of each key, the busiest first.
        since (datetime.datetime):
        total (SummaryRow): Sums of a queue, a kind, a worker, a tag, a class of errors, or of all. Example:
            {'cancelled': 0, 'completed': 7100, 'completed_per_min': 118.3, 'discarded': 3, 'enqueued': 7200, 'error_rate':
            0.0114, 'failed_attempts': 80, 'key': 'mail', 'lost_attempts': 2, 'run_ms': {'avg': 200.0, 'max': 9000.0, 'p50':
            120.0, 'p90': 400.0, 'p95': 600.0, 'p99': 2000.0}, 'started': 7190, 'wait_ms': {'avg': 20.0, 'max': 900.0,
            'p50': 12.3, 'p90': 40.0, 'p95': 60.0, 'p99': 200.0}}.
        until (datetime.datetime):
    """

    counts: StateCounts
    rows: list[SummaryRow]
    since: datetime.datetime
    total: SummaryRow
    until: datetime.datetime
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        counts = self.counts.to_dict()

        rows = []
        for rows_item_data in self.rows:
            rows_item = rows_item_data.to_dict()
            rows.append(rows_item)

        since = self.since.isoformat()

        total = self.total.to_dict()

        until = self.until.isoformat()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "counts": counts,
                "rows": rows,
                "since": since,
                "total": total,
                "until": until,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.state_counts import StateCounts  # noqa: PLC0415
        from ..models.summary_row import SummaryRow  # noqa: PLC0415

        d = dict(src_dict)
        counts = StateCounts.from_dict(d.pop("counts"))

        rows = []
        _rows = d.pop("rows")
        for rows_item_data in _rows:
            rows_item = SummaryRow.from_dict(rows_item_data)

            rows.append(rows_item)

        since = datetime.datetime.fromisoformat(d.pop("since"))

        total = SummaryRow.from_dict(d.pop("total"))

        until = datetime.datetime.fromisoformat(d.pop("until"))

        summary = cls(
            counts=counts,
            rows=rows,
            since=since,
            total=total,
            until=until,
        )

        summary.additional_properties = d
        return summary

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
