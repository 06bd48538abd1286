from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.queue_policy import QueuePolicy
    from ..models.state_counts import StateCounts


T = TypeVar("T", bound="Queue")


@_attrs_define
class Queue:
    """A queue.

    Example:
        {'completed_per_min': 118.0, 'counts': {'available': 10, 'cancelled': 0, 'completed': 1200, 'discarded': 3,
            'pending': 0, 'retryable': 1, 'running': 4, 'scheduled': 2}, 'created_at': datetime.datetime(2026, 11, 23, 4,
            52, 52, 123456, tzinfo=datetime.timezone(datetime.timedelta(0), 'Z')), 'enqueued_per_min': 120.0,
            'failed_per_min': 0.5, 'latency_ms': 250, 'name': 'mail', 'oldest_available_at': datetime.datetime(2026, 11, 23,
            5, 0, 52, 123456, tzinfo=datetime.timezone(datetime.timedelta(0), 'Z')), 'paused': False, 'policy':
            {'backoff_base_ms': 5000, 'backoff_delays_ms': [], 'backoff_factor': 2.0, 'backoff_jitter': 0.2,
            'backoff_max_ms': 3600000, 'backoff_strategy': 'exponential', 'classic_ack': 'auto', 'dead_letter_queue': '',
            'dedup_on_conflict': 'return_existing', 'dedup_scope': 'queue', 'dedup_until': 'finished', 'dedup_window_ms': 0,
            'default_priority': 0, 'description': '', 'labels': {}, 'lease_ms': 60000, 'max_attempts': 10, 'max_depth': 0,
            'payload_max_bytes': 262144, 'result_max_bytes': 65536, 'retention_cancelled_ms': 259200000,
            'retention_completed_ms': 259200000, 'retention_discarded_ms': 2592000000, 'store_results': True, 'timeout_ms':
            0}, 'updated_at': datetime.datetime(2026, 11, 23, 4, 52, 52, 123456,
            tzinfo=datetime.timezone(datetime.timedelta(0), 'Z')), 'version': 4, 'workers': 3}

    Attributes:
        completed_per_min (float):
        counts (StateCounts): How many jobs are in each state; from counters, at most 2 seconds old. Example:
            {'available': 10, 'cancelled': 0, 'completed': 1200, 'discarded': 3, 'pending': 0, 'retryable': 1, 'running': 4,
            'scheduled': 2}.
        created_at (datetime.datetime):
        enqueued_per_min (float): Over the last minute or two.
        failed_per_min (float):
        latency_ms (int): The age of the oldest available job; 0 if there is none.
        name (str):
        paused (bool): It takes jobs and hands none out.
        policy (QueuePolicy): Every setting of a queue. What a job does not say itself, its queue says.

            Settings that a newer server stored and this one does not know are passed over. Example: {'backoff_base_ms':
            5000, 'backoff_delays_ms': [], 'backoff_factor': 2.0, 'backoff_jitter': 0.2, 'backoff_max_ms': 3600000,
            'backoff_strategy': 'exponential', 'classic_ack': 'auto', 'dead_letter_queue': '', 'dedup_on_conflict':
            'return_existing', 'dedup_scope': 'queue', 'dedup_until': 'finished', 'dedup_window_ms': 0, 'default_priority':
            0, 'description': '', 'labels': {}, 'lease_ms': 60000, 'max_attempts': 10, 'max_depth': 0, 'payload_max_bytes':
            262144, 'result_max_bytes': 65536, 'retention_cancelled_ms': 259200000, 'retention_completed_ms': 259200000,
            'retention_discarded_ms': 2592000000, 'store_results': True, 'timeout_ms': 0}.
        updated_at (datetime.datetime):
        version (int): The `ETag`.
        workers (int): Workers that say they work on it.
        oldest_available_at (datetime.datetime | Unset):
        pause_reason (str | Unset):
        paused_at (datetime.datetime | Unset):
        paused_by (str | Unset):
        resume_at (datetime.datetime | Unset): When it resumes by itself.
    """

    completed_per_min: float
    counts: StateCounts
    created_at: datetime.datetime
    enqueued_per_min: float
    failed_per_min: float
    latency_ms: int
    name: str
    paused: bool
    policy: QueuePolicy
    updated_at: datetime.datetime
    version: int
    workers: int
    oldest_available_at: datetime.datetime | Unset = UNSET
    pause_reason: str | Unset = UNSET
    paused_at: datetime.datetime | Unset = UNSET
    paused_by: str | Unset = UNSET
    resume_at: datetime.datetime | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        completed_per_min = self.completed_per_min

        counts = self.counts.to_dict()

        created_at = self.created_at.isoformat()

        enqueued_per_min = self.enqueued_per_min

        failed_per_min = self.failed_per_min

        latency_ms = self.latency_ms

        name = self.name

        paused = self.paused

        policy = self.policy.to_dict()

        updated_at = self.updated_at.isoformat()

        version = self.version

        workers = self.workers

        oldest_available_at: str | Unset = UNSET
        if not isinstance(self.oldest_available_at, Unset):
            oldest_available_at = self.oldest_available_at.isoformat()

        pause_reason = self.pause_reason

        paused_at: str | Unset = UNSET
        if not isinstance(self.paused_at, Unset):
            paused_at = self.paused_at.isoformat()

        paused_by = self.paused_by

        resume_at: str | Unset = UNSET
        if not isinstance(self.resume_at, Unset):
            resume_at = self.resume_at.isoformat()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "completed_per_min": completed_per_min,
                "counts": counts,
                "created_at": created_at,
                "enqueued_per_min": enqueued_per_min,
                "failed_per_min": failed_per_min,
                "latency_ms": latency_ms,
                "name": name,
                "paused": paused,
                "policy": policy,
                "updated_at": updated_at,
                "version": version,
                "workers": workers,
            }
        )
        if oldest_available_at is not UNSET:
            field_dict["oldest_available_at"] = oldest_available_at
        if pause_reason is not UNSET:
            field_dict["pause_reason"] = pause_reason
        if paused_at is not UNSET:
            field_dict["paused_at"] = paused_at
        if paused_by is not UNSET:
            field_dict["paused_by"] = paused_by
        if resume_at is not UNSET:
            field_dict["resume_at"] = resume_at

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.queue_policy import QueuePolicy  # noqa: PLC0415
        from ..models.state_counts import StateCounts  # noqa: PLC0415

        d = dict(src_dict)
        completed_per_min = d.pop("completed_per_min")

        counts = StateCounts.from_dict(d.pop("counts"))

        created_at = datetime.datetime.fromisoformat(d.pop("created_at"))

        enqueued_per_min = d.pop("enqueued_per_min")

        failed_per_min = d.pop("failed_per_min")

        latency_ms = d.pop("latency_ms")

        name = d.pop("name")

        paused = d.pop("paused")

        policy = QueuePolicy.from_dict(d.pop("policy"))

        updated_at = datetime.datetime.fromisoformat(d.pop("updated_at"))

        version = d.pop("version")

        workers = d.pop("workers")

        _oldest_available_at = d.pop("oldest_available_at", UNSET)
        oldest_available_at: datetime.datetime | Unset
        if isinstance(_oldest_available_at, Unset):
            oldest_available_at = UNSET
        else:
            oldest_available_at = datetime.datetime.fromisoformat(_oldest_available_at)

        pause_reason = d.pop("pause_reason", UNSET)

        _paused_at = d.pop("paused_at", UNSET)
        paused_at: datetime.datetime | Unset
        if isinstance(_paused_at, Unset):
            paused_at = UNSET
        else:
            paused_at = datetime.datetime.fromisoformat(_paused_at)

        paused_by = d.pop("paused_by", UNSET)

        _resume_at = d.pop("resume_at", UNSET)
        resume_at: datetime.datetime | Unset
        if isinstance(_resume_at, Unset):
            resume_at = UNSET
        else:
            resume_at = datetime.datetime.fromisoformat(_resume_at)

        queue = cls(
            completed_per_min=completed_per_min,
            counts=counts,
            created_at=created_at,
            enqueued_per_min=enqueued_per_min,
            failed_per_min=failed_per_min,
            latency_ms=latency_ms,
            name=name,
            paused=paused,
            policy=policy,
            updated_at=updated_at,
            version=version,
            workers=workers,
            oldest_available_at=oldest_available_at,
            pause_reason=pause_reason,
            paused_at=paused_at,
            paused_by=paused_by,
            resume_at=resume_at,
        )

        queue.additional_properties = d
        return queue

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
