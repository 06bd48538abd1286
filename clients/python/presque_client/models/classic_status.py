from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.classic_status_policy import ClassicStatusPolicy


T = TypeVar("T", bound="ClassicStatus")


@_attrs_define
class ClassicStatus:
    """One queue.

    Example:
        {'policy': {'status': 'open'}, 'queue': 'mail', 'size': 10}

    Attributes:
        policy (ClassicStatusPolicy): `status` (`open` or `stop`) and the settings that differ from the defaults.
        queue (str):
        size (int): Jobs that could be fetched now; delayed ones do not count before their time.
        jobs (list[str] | Unset): With `with_desc` only: the first jobs (at most 1000), each as a string that holds
            its JSON, in the order in which they would be fetched.
    """

    policy: ClassicStatusPolicy
    queue: str
    size: int
    jobs: list[str] | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        policy = self.policy.to_dict()

        queue = self.queue

        size = self.size

        jobs: list[str] | Unset = UNSET
        if not isinstance(self.jobs, Unset):
            jobs = self.jobs

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "policy": policy,
                "queue": queue,
                "size": size,
            }
        )
        if jobs is not UNSET:
            field_dict["jobs"] = jobs

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.classic_status_policy import ClassicStatusPolicy  # noqa: PLC0415

        d = dict(src_dict)
        policy = ClassicStatusPolicy.from_dict(d.pop("policy"))

        queue = d.pop("queue")

        size = d.pop("size")

        jobs = cast(list[str], d.pop("jobs", UNSET))

        classic_status = cls(
            policy=policy,
            queue=queue,
            size=size,
            jobs=jobs,
        )

        classic_status.additional_properties = d
        return classic_status

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
