from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.new_job import NewJob


T = TypeVar("T", bound="NewBatch")


@_attrs_define
class NewBatch:
    """Jobs to enqueue and watch together: all of them or none.

    Example:
        {'jobs': [{'kind': 'collect', 'name': 'collect', 'queue': 'reports'}, {'depends_on_names': ['collect'], 'kind':
            'render', 'queue': 'reports'}], 'name': 'monthly report', 'on_success': {'kind': 'report_ready', 'queue':
            'mail'}}

    Attributes:
        jobs (list[NewJob]): 1 to 1000. Running ones can add more, by `batch_id`.
        name (str | Unset): For people: up to 256 characters.
        on_complete (NewJob | Unset): A job to enqueue. What is absent, its queue decides. Example: {'dedup_key':
            'welcome:17', 'kind': 'welcome', 'payload': {'user_id': 17}, 'tags': ['tenant:9']}.
        on_failure (NewJob | Unset): A job to enqueue. What is absent, its queue decides. Example: {'dedup_key':
            'welcome:17', 'kind': 'welcome', 'payload': {'user_id': 17}, 'tags': ['tenant:9']}.
        on_success (NewJob | Unset): A job to enqueue. What is absent, its queue decides. Example: {'dedup_key':
            'welcome:17', 'kind': 'welcome', 'payload': {'user_id': 17}, 'tags': ['tenant:9']}.
        tags (list[str] | Unset): Up to 16, each up to 64 characters.
    """

    jobs: list[NewJob]
    name: str | Unset = UNSET
    on_complete: NewJob | Unset = UNSET
    on_failure: NewJob | Unset = UNSET
    on_success: NewJob | Unset = UNSET
    tags: list[str] | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        jobs = []
        for jobs_item_data in self.jobs:
            jobs_item = jobs_item_data.to_dict()
            jobs.append(jobs_item)

        name = self.name

        on_complete: dict[str, Any] | Unset = UNSET
        if not isinstance(self.on_complete, Unset):
            on_complete = self.on_complete.to_dict()

        on_failure: dict[str, Any] | Unset = UNSET
        if not isinstance(self.on_failure, Unset):
            on_failure = self.on_failure.to_dict()

        on_success: dict[str, Any] | Unset = UNSET
        if not isinstance(self.on_success, Unset):
            on_success = self.on_success.to_dict()

        tags: list[str] | Unset = UNSET
        if not isinstance(self.tags, Unset):
            tags = self.tags

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "jobs": jobs,
            }
        )
        if name is not UNSET:
            field_dict["name"] = name
        if on_complete is not UNSET:
            field_dict["on_complete"] = on_complete
        if on_failure is not UNSET:
            field_dict["on_failure"] = on_failure
        if on_success is not UNSET:
            field_dict["on_success"] = on_success
        if tags is not UNSET:
            field_dict["tags"] = tags

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.new_job import NewJob  # noqa: PLC0415

        d = dict(src_dict)
        jobs = []
        _jobs = d.pop("jobs")
        for jobs_item_data in _jobs:
            jobs_item = NewJob.from_dict(jobs_item_data)

            jobs.append(jobs_item)

        name = d.pop("name", UNSET)

        _on_complete = d.pop("on_complete", UNSET)
        on_complete: NewJob | Unset
        if isinstance(_on_complete, Unset):
            on_complete = UNSET
        else:
            on_complete = NewJob.from_dict(_on_complete)

        _on_failure = d.pop("on_failure", UNSET)
        on_failure: NewJob | Unset
        if isinstance(_on_failure, Unset):
            on_failure = UNSET
        else:
            on_failure = NewJob.from_dict(_on_failure)

        _on_success = d.pop("on_success", UNSET)
        on_success: NewJob | Unset
        if isinstance(_on_success, Unset):
            on_success = UNSET
        else:
            on_success = NewJob.from_dict(_on_success)

        tags = cast(list[str], d.pop("tags", UNSET))

        new_batch = cls(
            jobs=jobs,
            name=name,
            on_complete=on_complete,
            on_failure=on_failure,
            on_success=on_success,
            tags=tags,
        )

        new_batch.additional_properties = d
        return new_batch

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
