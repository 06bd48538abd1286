from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar, cast
from uuid import UUID

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="Token")


@_attrs_define
class Token:
    """What the caller may do.

    Example:
        {'created_at': datetime.datetime(2026, 11, 23, 4, 52, 52, 123456,
            tzinfo=datetime.timezone(datetime.timedelta(0), 'Z')), 'created_by': '', 'id':
            '00000000-0000-0000-0000-000000000000', 'name': 'anonymous', 'prefix': '', 'queues': ['*'], 'scopes':
            ['enqueue', 'work', 'read', 'read_payload', 'operate', 'admin']}

    Attributes:
        created_at (datetime.datetime):
        created_by (str):
        id (UUID):
        name (str):
        prefix (str):
        queues (list[str]): Glob patterns of queue names.
        scopes (list[str]): `enqueue`, `work`, `read`, `read_payload`, `operate`, `admin`.
    """

    created_at: datetime.datetime
    created_by: str
    id: UUID
    name: str
    prefix: str
    queues: list[str]
    scopes: list[str]
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        created_at = self.created_at.isoformat()

        created_by = self.created_by

        id = str(self.id)

        name = self.name

        prefix = self.prefix

        queues = self.queues

        scopes = self.scopes

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "created_at": created_at,
                "created_by": created_by,
                "id": id,
                "name": name,
                "prefix": prefix,
                "queues": queues,
                "scopes": scopes,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        created_at = datetime.datetime.fromisoformat(d.pop("created_at"))

        created_by = d.pop("created_by")

        id = UUID(d.pop("id"))

        name = d.pop("name")

        prefix = d.pop("prefix")

        queues = cast(list[str], d.pop("queues"))

        scopes = cast(list[str], d.pop("scopes"))

        token = cls(
            created_at=created_at,
            created_by=created_by,
            id=id,
            name=name,
            prefix=prefix,
            queues=queues,
            scopes=scopes,
        )

        token.additional_properties = d
        return token

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
