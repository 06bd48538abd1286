from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.job_state import JobState
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.field_error import FieldError


T = TypeVar("T", bound="Problem")


@_attrs_define
class Problem:
    """Why a request was refused (RFC 9457). Members after `errors` are there where the code
    has them.

        Example:
            {'code': 'lease_lost', 'detail': 'this lease is not, or no longer, the current one', 'instance':
                '/v1/jobs/claim', 'request_id': '0a1b2c3d4e5f', 'status': 409, 'title': 'Lease lost', 'type':
                'urn:presque:problem:lease-lost'}

        Attributes:
            code (str): What programs compare.
            request_id (str): The answer's `X-Request-Id`; the server's log lines carry it.
            status (int): The status of the answer, repeated.
            title (str): The same for every problem of this code.
            type_ (str): `urn:presque:problem:` and the code with dashes.
            actual (int | Unset): What was found.
            allowed_states (list[JobState] | Unset): The states in which it would be possible.
            current_version (int | Unset): The version it has now.
            detail (str | Unset): What is wrong this time, for people.
            errors (list[FieldError] | Unset): What is wrong, member by member.
            instance (str | Unset): The path of the request.
            job_id (UUID | Unset): The job it is about.
            limit (int | Unset): What is allowed at most.
            queue (str | Unset): The queue it is about.
            resource (str | Unset): What was not found, or is over.
            retry_after_ms (int | Unset): When to try again, in milliseconds; it is in `Retry-After`, too.
            state (JobState | Unset): Where a job stands. Frozen for v1. Example: available.
    """

    code: str
    request_id: str
    status: int
    title: str
    type_: str
    actual: int | Unset = UNSET
    allowed_states: list[JobState] | Unset = UNSET
    current_version: int | Unset = UNSET
    detail: str | Unset = UNSET
    errors: list[FieldError] | Unset = UNSET
    instance: str | Unset = UNSET
    job_id: UUID | Unset = UNSET
    limit: int | Unset = UNSET
    queue: str | Unset = UNSET
    resource: str | Unset = UNSET
    retry_after_ms: int | Unset = UNSET
    state: JobState | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        code = self.code

        request_id = self.request_id

        status = self.status

        title = self.title

        type_ = self.type_

        actual = self.actual

        allowed_states: list[str] | Unset = UNSET
        if not isinstance(self.allowed_states, Unset):
            allowed_states = []
            for allowed_states_item_data in self.allowed_states:
                allowed_states_item = allowed_states_item_data.value
                allowed_states.append(allowed_states_item)

        current_version = self.current_version

        detail = self.detail

        errors: list[dict[str, Any]] | Unset = UNSET
        if not isinstance(self.errors, Unset):
            errors = []
            for errors_item_data in self.errors:
                errors_item = errors_item_data.to_dict()
                errors.append(errors_item)

        instance = self.instance

        job_id: str | Unset = UNSET
        if not isinstance(self.job_id, Unset):
            job_id = str(self.job_id)

        limit = self.limit

        queue = self.queue

        resource = self.resource

        retry_after_ms = self.retry_after_ms

        state: str | Unset = UNSET
        if not isinstance(self.state, Unset):
            state = self.state.value

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "code": code,
                "request_id": request_id,
                "status": status,
                "title": title,
                "type": type_,
            }
        )
        if actual is not UNSET:
            field_dict["actual"] = actual
        if allowed_states is not UNSET:
            field_dict["allowed_states"] = allowed_states
        if current_version is not UNSET:
            field_dict["current_version"] = current_version
        if detail is not UNSET:
            field_dict["detail"] = detail
        if errors is not UNSET:
            field_dict["errors"] = errors
        if instance is not UNSET:
            field_dict["instance"] = instance
        if job_id is not UNSET:
            field_dict["job_id"] = job_id
        if limit is not UNSET:
            field_dict["limit"] = limit
        if queue is not UNSET:
            field_dict["queue"] = queue
        if resource is not UNSET:
            field_dict["resource"] = resource
        if retry_after_ms is not UNSET:
            field_dict["retry_after_ms"] = retry_after_ms
        if state is not UNSET:
            field_dict["state"] = state

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.field_error import FieldError  # noqa: PLC0415

        d = dict(src_dict)
        code = d.pop("code")

        request_id = d.pop("request_id")

        status = d.pop("status")

        title = d.pop("title")

        type_ = d.pop("type")

        actual = d.pop("actual", UNSET)

        _allowed_states = d.pop("allowed_states", UNSET)
        allowed_states: list[JobState] | Unset = UNSET
        if _allowed_states is not UNSET:
            allowed_states = []
            for allowed_states_item_data in _allowed_states:
                allowed_states_item = JobState(allowed_states_item_data)

                allowed_states.append(allowed_states_item)

        current_version = d.pop("current_version", UNSET)

        detail = d.pop("detail", UNSET)

        _errors = d.pop("errors", UNSET)
        errors: list[FieldError] | Unset = UNSET
        if _errors is not UNSET:
            errors = []
            for errors_item_data in _errors:
                errors_item = FieldError.from_dict(errors_item_data)

                errors.append(errors_item)

        instance = d.pop("instance", UNSET)

        _job_id = d.pop("job_id", UNSET)
        job_id: UUID | Unset
        if isinstance(_job_id, Unset):
            job_id = UNSET
        else:
            job_id = UUID(_job_id)

        limit = d.pop("limit", UNSET)

        queue = d.pop("queue", UNSET)

        resource = d.pop("resource", UNSET)

        retry_after_ms = d.pop("retry_after_ms", UNSET)

        _state = d.pop("state", UNSET)
        state: JobState | Unset
        if isinstance(_state, Unset):
            state = UNSET
        else:
            state = JobState(_state)

        problem = cls(
            code=code,
            request_id=request_id,
            status=status,
            title=title,
            type_=type_,
            actual=actual,
            allowed_states=allowed_states,
            current_version=current_version,
            detail=detail,
            errors=errors,
            instance=instance,
            job_id=job_id,
            limit=limit,
            queue=queue,
            resource=resource,
            retry_after_ms=retry_after_ms,
            state=state,
        )

        problem.additional_properties = d
        return problem

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
