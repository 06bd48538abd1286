from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.string_map import StringMap


T = TypeVar("T", bound="UpsertQueueRequest")


@_attrs_define
class UpsertQueueRequest:
    """Settings of a queue; what is absent stays as it is. `QueuePolicy` says what each means.

    Example:
        {'dead_letter_queue': 'mail-dead', 'lease_ms': 30000, 'max_attempts': 5}

    Attributes:
        backoff_base_ms (int | Unset): The wait after the first failure, in milliseconds.
        backoff_delays_ms (list[int] | Unset): With the strategy list: the waits, in milliseconds; the last one repeats.
        backoff_factor (float | Unset): By how much the exponential wait grows with each failure (1 to 100).
        backoff_jitter (float | Unset): The wait is multiplied by a random factor in [1 - jitter, 1 + jitter] (0 to 1).
        backoff_max_ms (int | Unset): The longest exponential wait, in milliseconds.
        backoff_strategy (str | Unset): How the wait before another attempt grows: exponential, fixed or list.
        classic_ack (str | Unset): What a fetch through the classic routes does: auto finishes the job, lease holds it
            for the worker that names itself.
        dead_letter_queue (str | Unset): A copy of each discarded job is enqueued there; empty is none.
        dedup_on_conflict (str | Unset): What happens to a job whose dedup key is held: `return_existing`, `reject` or
            `replace`.
        dedup_scope (str | Unset): Where a dedup key is unique: queue or global.
        dedup_until (str | Unset): Until when a job holds its dedup key: started, finished or window.
        dedup_window_ms (int | Unset): With the until window: how long, in milliseconds.
        default_priority (int | Unset): The priority of jobs that name none (-100 to 100, higher first).
        description (str | Unset): For people.
        labels (StringMap | Unset): Names and texts of your own. Example: {'tenant': '9'}.
        lease_ms (int | Unset): How long a worker holds a job without a heartbeat, in milliseconds (1000 to 43200000).
        max_attempts (int | Unset): Failures after which a job is discarded (1 to 1000).
        max_depth (int | Unset): The most jobs that may wait; 0 is no limit.
        payload_max_bytes (int | Unset): The largest payload, in bytes.
        result_max_bytes (int | Unset): The largest result, in bytes.
        retention_cancelled_ms (int | Unset): How long cancelled jobs are kept, in milliseconds.
        retention_completed_ms (int | Unset): How long completed jobs are kept, in milliseconds.
        retention_discarded_ms (int | Unset): How long discarded jobs are kept, in milliseconds.
        store_results (bool | Unset): Whether results are kept.
        timeout_ms (int | Unset): How long one attempt may take, heartbeats or not, in milliseconds; 0 is no limit.
    """

    backoff_base_ms: int | Unset = UNSET
    backoff_delays_ms: list[int] | Unset = UNSET
    backoff_factor: float | Unset = UNSET
    backoff_jitter: float | Unset = UNSET
    backoff_max_ms: int | Unset = UNSET
    backoff_strategy: str | Unset = UNSET
    classic_ack: str | Unset = UNSET
    dead_letter_queue: str | Unset = UNSET
    dedup_on_conflict: str | Unset = UNSET
    dedup_scope: str | Unset = UNSET
    dedup_until: str | Unset = UNSET
    dedup_window_ms: int | Unset = UNSET
    default_priority: int | Unset = UNSET
    description: str | Unset = UNSET
    labels: StringMap | Unset = UNSET
    lease_ms: int | Unset = UNSET
    max_attempts: int | Unset = UNSET
    max_depth: int | Unset = UNSET
    payload_max_bytes: int | Unset = UNSET
    result_max_bytes: int | Unset = UNSET
    retention_cancelled_ms: int | Unset = UNSET
    retention_completed_ms: int | Unset = UNSET
    retention_discarded_ms: int | Unset = UNSET
    store_results: bool | Unset = UNSET
    timeout_ms: int | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        backoff_base_ms = self.backoff_base_ms

        backoff_delays_ms: list[int] | Unset = UNSET
        if not isinstance(self.backoff_delays_ms, Unset):
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

        labels: dict[str, Any] | Unset = UNSET
        if not isinstance(self.labels, Unset):
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
        field_dict.update({})
        if backoff_base_ms is not UNSET:
            field_dict["backoff_base_ms"] = backoff_base_ms
        if backoff_delays_ms is not UNSET:
            field_dict["backoff_delays_ms"] = backoff_delays_ms
        if backoff_factor is not UNSET:
            field_dict["backoff_factor"] = backoff_factor
        if backoff_jitter is not UNSET:
            field_dict["backoff_jitter"] = backoff_jitter
        if backoff_max_ms is not UNSET:
            field_dict["backoff_max_ms"] = backoff_max_ms
        if backoff_strategy is not UNSET:
            field_dict["backoff_strategy"] = backoff_strategy
        if classic_ack is not UNSET:
            field_dict["classic_ack"] = classic_ack
        if dead_letter_queue is not UNSET:
            field_dict["dead_letter_queue"] = dead_letter_queue
        if dedup_on_conflict is not UNSET:
            field_dict["dedup_on_conflict"] = dedup_on_conflict
        if dedup_scope is not UNSET:
            field_dict["dedup_scope"] = dedup_scope
        if dedup_until is not UNSET:
            field_dict["dedup_until"] = dedup_until
        if dedup_window_ms is not UNSET:
            field_dict["dedup_window_ms"] = dedup_window_ms
        if default_priority is not UNSET:
            field_dict["default_priority"] = default_priority
        if description is not UNSET:
            field_dict["description"] = description
        if labels is not UNSET:
            field_dict["labels"] = labels
        if lease_ms is not UNSET:
            field_dict["lease_ms"] = lease_ms
        if max_attempts is not UNSET:
            field_dict["max_attempts"] = max_attempts
        if max_depth is not UNSET:
            field_dict["max_depth"] = max_depth
        if payload_max_bytes is not UNSET:
            field_dict["payload_max_bytes"] = payload_max_bytes
        if result_max_bytes is not UNSET:
            field_dict["result_max_bytes"] = result_max_bytes
        if retention_cancelled_ms is not UNSET:
            field_dict["retention_cancelled_ms"] = retention_cancelled_ms
        if retention_completed_ms is not UNSET:
            field_dict["retention_completed_ms"] = retention_completed_ms
        if retention_discarded_ms is not UNSET:
            field_dict["retention_discarded_ms"] = retention_discarded_ms
        if store_results is not UNSET:
            field_dict["store_results"] = store_results
        if timeout_ms is not UNSET:
            field_dict["timeout_ms"] = timeout_ms

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.string_map import StringMap  # noqa: PLC0415

        d = dict(src_dict)
        backoff_base_ms = d.pop("backoff_base_ms", UNSET)

        backoff_delays_ms = cast(list[int], d.pop("backoff_delays_ms", UNSET))

        backoff_factor = d.pop("backoff_factor", UNSET)

        backoff_jitter = d.pop("backoff_jitter", UNSET)

        backoff_max_ms = d.pop("backoff_max_ms", UNSET)

        backoff_strategy = d.pop("backoff_strategy", UNSET)

        classic_ack = d.pop("classic_ack", UNSET)

        dead_letter_queue = d.pop("dead_letter_queue", UNSET)

        dedup_on_conflict = d.pop("dedup_on_conflict", UNSET)

        dedup_scope = d.pop("dedup_scope", UNSET)

        dedup_until = d.pop("dedup_until", UNSET)

        dedup_window_ms = d.pop("dedup_window_ms", UNSET)

        default_priority = d.pop("default_priority", UNSET)

        description = d.pop("description", UNSET)

        _labels = d.pop("labels", UNSET)
        labels: StringMap | Unset
        if isinstance(_labels, Unset):
            labels = UNSET
        else:
            labels = StringMap.from_dict(_labels)

        lease_ms = d.pop("lease_ms", UNSET)

        max_attempts = d.pop("max_attempts", UNSET)

        max_depth = d.pop("max_depth", UNSET)

        payload_max_bytes = d.pop("payload_max_bytes", UNSET)

        result_max_bytes = d.pop("result_max_bytes", UNSET)

        retention_cancelled_ms = d.pop("retention_cancelled_ms", UNSET)

        retention_completed_ms = d.pop("retention_completed_ms", UNSET)

        retention_discarded_ms = d.pop("retention_discarded_ms", UNSET)

        store_results = d.pop("store_results", UNSET)

        timeout_ms = d.pop("timeout_ms", UNSET)

        upsert_queue_request = cls(
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

        upsert_queue_request.additional_properties = d
        return upsert_queue_request

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
