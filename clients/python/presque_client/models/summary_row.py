from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.latency_stats import LatencyStats


T = TypeVar("T", bound="SummaryRow")


@_attrs_define
class SummaryRow:
    """Sums of a queue, a kind, a worker, a tag, a class of errors, or of all.

    Example:
        {'cancelled': 0, 'completed': 7100, 'completed_per_min': 118.3, 'discarded': 3, 'enqueued': 7200, 'error_rate':
            0.0114, 'failed_attempts': 80, 'key': 'mail', 'lost_attempts': 2, 'run_ms': {'avg': 200.0, 'max': 9000.0, 'p50':
            120.0, 'p90': 400.0, 'p95': 600.0, 'p99': 2000.0}, 'started': 7190, 'wait_ms': {'avg': 20.0, 'max': 900.0,
            'p50': 12.3, 'p90': 40.0, 'p95': 60.0, 'p99': 200.0}}

    Attributes:
        cancelled (int):
        completed (int):
        completed_per_min (float):
        discarded (int):
        enqueued (int):
        error_rate (float): Failed and lost attempts, of all that ended (0 to 1).
        failed_attempts (int): Attempts that their worker reported as failed; of a class of errors, all that failed with
            it.
        key (str): Empty for the total.
        lost_attempts (int): Attempts that nobody reported, or that took too long.
        run_ms (LatencyStats): Milliseconds. Percentiles are off by 9 % at most, and add up over time, queues and kinds.
            Example: {'avg': 20.0, 'max': 900.0, 'p50': 12.3, 'p90': 40.0, 'p95': 60.0, 'p99': 200.0}.
        started (int):
        wait_ms (LatencyStats): Milliseconds. Percentiles are off by 9 % at most, and add up over time, queues and
            kinds. Example: {'avg': 20.0, 'max': 900.0, 'p50': 12.3, 'p90': 40.0, 'p95': 60.0, 'p99': 200.0}.
    """

    cancelled: int
    completed: int
    completed_per_min: float
    discarded: int
    enqueued: int
    error_rate: float
    failed_attempts: int
    key: str
    lost_attempts: int
    run_ms: LatencyStats
    started: int
    wait_ms: LatencyStats
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        cancelled = self.cancelled

        completed = self.completed

        completed_per_min = self.completed_per_min

        discarded = self.discarded

        enqueued = self.enqueued

        error_rate = self.error_rate

        failed_attempts = self.failed_attempts

        key = self.key

        lost_attempts = self.lost_attempts

        run_ms = self.run_ms.to_dict()

        started = self.started

        wait_ms = self.wait_ms.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "cancelled": cancelled,
                "completed": completed,
                "completed_per_min": completed_per_min,
                "discarded": discarded,
                "enqueued": enqueued,
                "error_rate": error_rate,
                "failed_attempts": failed_attempts,
                "key": key,
                "lost_attempts": lost_attempts,
                "run_ms": run_ms,
                "started": started,
                "wait_ms": wait_ms,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.latency_stats import LatencyStats  # noqa: PLC0415

        d = dict(src_dict)
        cancelled = d.pop("cancelled")

        completed = d.pop("completed")

        completed_per_min = d.pop("completed_per_min")

        discarded = d.pop("discarded")

        enqueued = d.pop("enqueued")

        error_rate = d.pop("error_rate")

        failed_attempts = d.pop("failed_attempts")

        key = d.pop("key")

        lost_attempts = d.pop("lost_attempts")

        run_ms = LatencyStats.from_dict(d.pop("run_ms"))

        started = d.pop("started")

        wait_ms = LatencyStats.from_dict(d.pop("wait_ms"))

        summary_row = cls(
            cancelled=cancelled,
            completed=completed,
            completed_per_min=completed_per_min,
            discarded=discarded,
            enqueued=enqueued,
            error_rate=error_rate,
            failed_attempts=failed_attempts,
            key=key,
            lost_attempts=lost_attempts,
            run_ms=run_ms,
            started=started,
            wait_ms=wait_ms,
        )

        summary_row.additional_properties = d
        return summary_row

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
