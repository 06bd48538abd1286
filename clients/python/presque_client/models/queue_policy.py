from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.string_map import StringMap


T = TypeVar("T", bound="QueuePolicy")


@_attrs_define
class QueuePolicy:
    """Every setting of a queue. What a job does not say itself, its queue says.

    Settings that a newer server stored and this one does not know are passed over.

        Example:
            {'backoff_base_ms': 5000, 'backoff_delays_ms': [], 'backoff_factor': 2.0, 'backoff_jitter': 0.2,
                'backoff_max_ms': 3600000, 'backoff_strategy': 'exponential', 'classic_ack': 'auto', 'dead_letter_queue': '',
                'dedup_on_conflict': 'return_existing', 'dedup_scope': 'queue', 'dedup_until': 'finished', 'dedup_window_ms': 0,
                'default_priority': 0, 'description': '', 'labels': {}, 'lease_ms': 60000, 'max_attempts': 10, 'max_depth': 0,
                'payload_max_bytes': 262144, 'result_max_bytes': 65536, 'retention_cancelled_ms': 259200000,
                'retention_completed_ms': 259200000, 'retention_discarded_ms': 2592000000, 'store_results': True, 'timeout_ms':
                0}

        Attributes:
            backoff_base_ms (int): The wait after the first failure, in milliseconds.
            backoff_delays_ms (list[int]): With the strategy list: the waits, in milliseconds; the last one repeats.
            backoff_factor (float): By how much the exponential wait grows with each failure (1 to 100).
            backoff_jitter (float): The wait is multiplied by a random factor in [1 - jitter, 1 + jitter] (0 to 1).
            backoff_max_ms (int): The longest exponential wait, in milliseconds.
            backoff_strategy (str): How the wait before another attempt grows: exponential, fixed or list.
            classic_ack (str): What a fetch through the classic routes does: auto finishes the job, lease holds it
                for the worker that names itself.
            dead_letter_queue (str): A copy of each discarded job is enqueued there; empty is none.
            dedup_on_conflict (str): What happens to a job whose dedup key is held: `return_existing`, `reject` or
                `replace`.
            dedup_scope (str): Where a dedup key is unique: queue or global.
            dedup_until (str): Until when a job holds its dedup key: started, finished or window.
            dedup_window_ms (int): With the until window: how long, in milliseconds.
            default_priority (int): The priority of jobs that name none (-100 to 100, higher first).
            description (str): For people.
            labels (StringMap): Names and texts of your own. Example: {'tenant': '9'}.
            lease_ms (int): How long a worker holds a job without a heartbeat, in milliseconds (1000 to 43200000).
            max_attempts (int): Failures after which a job is discarded (1 to 1000).
            max_depth (int): The most jobs that may wait; 0 is no limit.
            payload_max_bytes (int): The largest payload, in bytes.
            result_max_bytes (int): The largest result, in bytes.
            retention_cancelled_ms (int): How long cancelled jobs are kept, in milliseconds.
            retention_completed_ms (int): How long completed jobs are kept, in milliseconds.
            retention_discarded_ms (int): How long discarded jobs are kept, in milliseconds.
            store_results (bool): Whether results are kept.
            timeout_ms (int): How long one attempt may take, heartbeats or not, in milliseconds; 0 is no limit.
    """

    backoff_base_ms: int
    backoff_delays_ms: list[int]
    backoff_factor: float
    backoff_jitter: float
    backoff_max_ms: int
    backoff_strategy: str
    classic_ack: str
    dead_letter_queue: str
    dedup_on_conflict: str
    dedup_scope: str
    dedup_until: str
    dedup_window_ms: int
    default_priority: int
    description: str
    labels: StringMap
    lease_ms: int
    max_attempts: int
    max_depth: int
    payload_max_bytes: int
    result_max_bytes: int
    retention_cancelled_ms: int
    retention_completed_ms: int
    retention_discarded_ms: int
    store_results: bool
    timeout_ms: int
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        backoff_base_ms = self.backoff_base_ms

        backoff_delays_ms = self.backoff_delays_ms

        backoff_factor = self.backoff_factor

        backoff_jitter = self.backoff_jitter

        backoff_max_ms = self.backoff_max_ms

        backoff_strategy = self.backoff_strategy

        classic_ack = self.classic_ack

        dead_letter_queue = self.dead_letter_queue

        dedup_on_conflict = self.dedup_on_conflict

        dedup_scope = self.dedup_scope

        dedup_until = self.dedup_until

        dedup_window_ms = self.dedup_window_ms

        default_priority = self.default_priority

        description = self.description

        labels = self.labels.to_dict()

        lease_ms = self.lease_ms

        max_attempts = self.max_attempts

        max_depth = self.max_depth

        payload_max_bytes = self.payload_max_bytes

        result_max_bytes = self.result_max_bytes

        retention_cancelled_ms = self.retention_cancelled_ms

        retention_completed_ms = self.retention_completed_ms

        retention_discarded_ms = self.retention_discarded_ms

        store_results = self.store_results

        timeout_ms = self.timeout_ms

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "backoff_base_ms": backoff_base_ms,
                "backoff_delays_ms": backoff_delays_ms,
                "backoff_factor": backoff_factor,
                "backoff_jitter": backoff_jitter,
                "backoff_max_ms": backoff_max_ms,
                "backoff_strategy": backoff_strategy,
                "classic_ack": classic_ack,
                "dead_letter_queue": dead_letter_queue,
                "dedup_on_conflict": dedup_on_conflict,
                "dedup_scope": dedup_scope,
                "dedup_until": dedup_until,
                "dedup_window_ms": dedup_window_ms,
                "default_priority": default_priority,
                "description": description,
                "labels": labels,
                "lease_ms": lease_ms,
                "max_attempts": max_attempts,
                "max_depth": max_depth,
                "payload_max_bytes": payload_max_bytes,
                "result_max_bytes": result_max_bytes,
                "retention_cancelled_ms": retention_cancelled_ms,
                "retention_completed_ms": retention_completed_ms,
                "retention_discarded_ms": retention_discarded_ms,
                "store_results": store_results,
                "timeout_ms": timeout_ms,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.string_map import StringMap  # noqa: PLC0415

        d = dict(src_dict)
        backoff_base_ms = d.pop("backoff_base_ms")

        backoff_delays_ms = cast(list[int], d.pop("backoff_delays_ms"))

        backoff_factor = d.pop("backoff_factor")

        backoff_jitter = d.pop("backoff_jitter")

        backoff_max_ms = d.pop("backoff_max_ms")

        backoff_strategy = d.pop("backoff_strategy")

        classic_ack = d.pop("classic_ack")

        dead_letter_queue = d.pop("dead_letter_queue")

        dedup_on_conflict = d.pop("dedup_on_conflict")

        dedup_scope = d.pop("dedup_scope")

        dedup_until = d.pop("dedup_until")

        dedup_window_ms = d.pop("dedup_window_ms")

        default_priority = d.pop("default_priority")

        description = d.pop("description")

        labels = StringMap.from_dict(d.pop("labels"))

        lease_ms = d.pop("lease_ms")

        max_attempts = d.pop("max_attempts")

        max_depth = d.pop("max_depth")

        payload_max_bytes = d.pop("payload_max_bytes")

        result_max_bytes = d.pop("result_max_bytes")

        retention_cancelled_ms = d.pop("retention_cancelled_ms")

        retention_completed_ms = d.pop("retention_completed_ms")

        retention_discarded_ms = d.pop("retention_discarded_ms")

        store_results = d.pop("store_results")

        timeout_ms = d.pop("timeout_ms")

        queue_policy = cls(
            backoff_base_ms=backoff_base_ms,
            backoff_delays_ms=backoff_delays_ms,
            backoff_factor=backoff_factor,
            backoff_jitter=backoff_jitter,
            backoff_max_ms=backoff_max_ms,
            backoff_strategy=backoff_strategy,
            classic_ack=classic_ack,
            dead_letter_queue=dead_letter_queue,
            dedup_on_conflict=dedup_on_conflict,
            dedup_scope=dedup_scope,
            dedup_until=dedup_until,
            dedup_window_ms=dedup_window_ms,
            default_priority=default_priority,
            description=description,
            labels=labels,
            lease_ms=lease_ms,
            max_attempts=max_attempts,
            max_depth=max_depth,
            payload_max_bytes=payload_max_bytes,
            result_max_bytes=result_max_bytes,
            retention_cancelled_ms=retention_cancelled_ms,
            retention_completed_ms=retention_completed_ms,
            retention_discarded_ms=retention_discarded_ms,
            store_results=store_results,
            timeout_ms=timeout_ms,
        )

        queue_policy.additional_properties = d
        return queue_policy

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
