from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

T = TypeVar("T", bound="Event")


@_attrs_define
class Event:
    """Something that was changed, in the form of `CloudEvents` 1.0.

    Example:
        {'data': {'ip': '192.0.2.7', 'reason': 'smtp is down', 'request_id': '5f0c6f2e'}, 'datacontenttype':
            'application/json', 'id': '4711', 'source': 'presque', 'specversion': '1.0', 'subject': 'queue/mail', 'time':
            datetime.datetime(2026, 11, 23, 4, 52, 52, 123456, tzinfo=datetime.timezone(datetime.timedelta(0), 'Z')),
            'type': 'presque.queue.paused'}

    Attributes:
        id (str): Unique among the events of this presque.
        source (str):
        specversion (str):
        time (datetime.datetime):
        type_ (str): What was done, like `presque.queue.paused`. There may be more in later versions.
        data (Any | Unset): An object: `actor`, `request_id` and `ip` of who asked, those that are known, and more that
            the type tells.
        datacontenttype (str | Unset):
        subject (str | Unset): What it was done to: `queue/<name>`, `schedule/<id>`, `worker/<id>`, `job/<id>` or
            `bulk/<id>`.
    """

    id: str
    source: str
    specversion: str
    time: datetime.datetime
    type_: str
    data: Any | Unset = UNSET
    datacontenttype: str | Unset = UNSET
    subject: str | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        id = self.id

        source = self.source

        specversion = self.specversion

        time = self.time.isoformat()

        type_ = self.type_

        data = self.data

        datacontenttype = self.datacontenttype

        subject = self.subject

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "id": id,
                "source": source,
                "specversion": specversion,
                "time": time,
                "type": type_,
            }
        )
        if data is not UNSET:
            field_dict["data"] = data
        if datacontenttype is not UNSET:
            field_dict["datacontenttype"] = datacontenttype
        if subject is not UNSET:
            field_dict["subject"] = subject

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        id = d.pop("id")

        source = d.pop("source")

        specversion = d.pop("specversion")

        time = datetime.datetime.fromisoformat(d.pop("time"))

        type_ = d.pop("type")

        data = d.pop("data", UNSET)

        datacontenttype = d.pop("datacontenttype", UNSET)

        subject = d.pop("subject", UNSET)

        event = cls(
            id=id,
            source=source,
            specversion=specversion,
            time=time,
            type_=type_,
            data=data,
            datacontenttype=datacontenttype,
            subject=subject,
        )

        event.additional_properties = d
        return event

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
