from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast
from uuid import UUID

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.limits import Limits
    from ..models.token import Token


T = TypeVar("T", bound="ServerInfo")


@_attrs_define
class ServerInfo:
    """A server.

    Example:
        {'api_version': '1.0.0', 'durability': 'local', 'features': ['classic'], 'instance_id':
            '01a206c8-d8c7-46c7-bfda-d9bbdb366daa', 'limits': {'max_body_bytes': 16777216, 'max_claim': 1000, 'max_enqueue':
            1000, 'max_payload_bytes': 4194304, 'max_wait_ms': 30000}, 'postgres_version': '15.18', 'read_only': False,
            'schema_version': 7, 'server_time': datetime.datetime(2026, 11, 23, 4, 52, 52, 123456,
            tzinfo=datetime.timezone(datetime.timedelta(0), 'Z')), 'token': {'created_at': datetime.datetime(2026, 11, 23,
            4, 52, 52, 123456, tzinfo=datetime.timezone(datetime.timedelta(0), 'Z')), 'created_by': '', 'id':
            '00000000-0000-0000-0000-000000000000', 'name': 'anonymous', 'prefix': '', 'queues': ['*'], 'scopes':
            ['enqueue', 'work', 'read', 'read_payload', 'operate', 'admin']}, 'version': '0.1.0'}

    Attributes:
        api_version (str):
        durability (str): `local`: what was acknowledged survives a crash of the database's machine. `none`:
            settings of PostgreSQL weaken that.
        features (list[str]):
        instance_id (UUID): New at every start.
        limits (Limits): What a request may ask for at most. Example: {'max_body_bytes': 16777216, 'max_claim': 1000,
            'max_enqueue': 1000, 'max_payload_bytes': 4194304, 'max_wait_ms': 30000}.
        postgres_version (str):
        read_only (bool): The database is a standby and takes no writes.
        schema_version (int):
        server_time (datetime.datetime): By the database's clock, the only one.
        token (Token): What the caller may do. Example: {'created_at': datetime.datetime(2026, 11, 23, 4, 52, 52,
            123456, tzinfo=datetime.timezone(datetime.timedelta(0), 'Z')), 'created_by': '', 'id':
            '00000000-0000-0000-0000-000000000000', 'name': 'anonymous', 'prefix': '', 'queues': ['*'], 'scopes':
            ['enqueue', 'work', 'read', 'read_payload', 'operate', 'admin']}.
        version (str):
    """

    api_version: str
    durability: str
    features: list[str]
    instance_id: UUID
    limits: Limits
    postgres_version: str
    read_only: bool
    schema_version: int
    server_time: datetime.datetime
    token: Token
    version: str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        api_version = self.api_version

        durability = self.durability

        features = self.features

        instance_id = str(self.instance_id)

        limits = self.limits.to_dict()

        postgres_version = self.postgres_version

        read_only = self.read_only

        schema_version = self.schema_version

        server_time = self.server_time.isoformat()

        token = self.token.to_dict()

        version = self.version

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "api_version": api_version,
                "durability": durability,
                "features": features,
                "instance_id": instance_id,
                "limits": limits,
                "postgres_version": postgres_version,
                "read_only": read_only,
                "schema_version": schema_version,
                "server_time": server_time,
                "token": token,
                "version": version,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.limits import Limits  # noqa: PLC0415
        from ..models.token import Token  # noqa: PLC0415

        d = dict(src_dict)
        api_version = d.pop("api_version")

        durability = d.pop("durability")

        features = cast(list[str], d.pop("features"))

        instance_id = UUID(d.pop("instance_id"))

        limits = Limits.from_dict(d.pop("limits"))

        postgres_version = d.pop("postgres_version")

        read_only = d.pop("read_only")

        schema_version = d.pop("schema_version")

        server_time = datetime.datetime.fromisoformat(d.pop("server_time"))

        token = Token.from_dict(d.pop("token"))

        version = d.pop("version")

        server_info = cls(
            api_version=api_version,
            durability=durability,
            features=features,
            instance_id=instance_id,
            limits=limits,
            postgres_version=postgres_version,
            read_only=read_only,
            schema_version=schema_version,
            server_time=server_time,
            token=token,
            version=version,
        )

        server_info.additional_properties = d
        return server_info

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
