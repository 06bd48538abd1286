from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="Ready")


@_attrs_define
class Ready:
    """The server should be sent requests.

    Example:
        {'database': '15.18', 'durability': 'local', 'failing_loops': [], 'status': 'ready'}

    Attributes:
        database (str): The version of PostgreSQL.
        durability (str): `local`: what was acknowledged survives a crash of the database's machine.
            `none`: settings of PostgreSQL weaken that.
        failing_loops (list[str]): Loops of this server that fail and keep trying; `GET /metrics` and the log say more.
        status (str):
    """

    database: str
    durability: str
    failing_loops: list[str]
    status: str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        database = self.database

        durability = self.durability

        failing_loops = self.failing_loops

        status = self.status

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "database": database,
                "durability": durability,
                "failing_loops": failing_loops,
                "status": status,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        database = d.pop("database")

        durability = d.pop("durability")

        failing_loops = cast(list[str], d.pop("failing_loops"))

        status = d.pop("status")

        ready = cls(
            database=database,
            durability=durability,
            failing_loops=failing_loops,
            status=status,
        )

        ready.additional_properties = d
        return ready

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
