from http import HTTPStatus
from typing import Any

import httpx

from ...client import AuthenticatedClient, Client
from ...models.event_page import EventPage
from ...models.problem import Problem
from ...types import UNSET, Response, Unset


def _get_kwargs(
    *,
    type_: list[str] | Unset = UNSET,
    after: str | Unset = UNSET,
    wait_ms: int | Unset = UNSET,
    limit: int | Unset = UNSET,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    json_type_: list[str] | Unset = UNSET
    if not isinstance(type_, Unset):
        json_type_ = type_

    params["type"] = json_type_

    params["after"] = after

    params["wait_ms"] = wait_ms

    params["limit"] = limit

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/v1/events",
        "params": params,
    }

    return _kwargs


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> EventPage | Problem:
    if response.status_code == 200:
        response_200 = EventPage.from_dict(response.json())

        return response_200

    if response.status_code == 400:
        response_400 = Problem.from_dict(response.json())

        return response_400

    response_default = Problem.from_dict(response.json())

    return response_default


def _build_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Response[EventPage | Problem]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient | Client,
    type_: list[str] | Unset = UNSET,
    after: str | Unset = UNSET,
    wait_ms: int | Unset = UNSET,
    limit: int | Unset = UNSET,
) -> Response[EventPage | Problem]:
    """List events

     What people and programs changed, oldest first, kept for 90 days. Go on with `after` from
    `next_cursor`, which is there on every page: nothing is missed. With `wait_ms` the answer comes
    as soon as something happens. A page may be short, or empty, though more follows, if the types
    are rare.

    ```sh
    curl http://127.0.0.1:5000/v1/events
    ```

    Args:
        type_ (list[str] | Unset):
        after (str | Unset):
        wait_ms (int | Unset):
        limit (int | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[EventPage | Problem]
    """

    kwargs = _get_kwargs(
        type_=type_,
        after=after,
        wait_ms=wait_ms,
        limit=limit,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    *,
    client: AuthenticatedClient | Client,
    type_: list[str] | Unset = UNSET,
    after: str | Unset = UNSET,
    wait_ms: int | Unset = UNSET,
    limit: int | Unset = UNSET,
) -> EventPage | Problem | None:
    """List events

     What people and programs changed, oldest first, kept for 90 days. Go on with `after` from
    `next_cursor`, which is there on every page: nothing is missed. With `wait_ms` the answer comes
    as soon as something happens. A page may be short, or empty, though more follows, if the types
    are rare.

    ```sh
    curl http://127.0.0.1:5000/v1/events
    ```

    Args:
        type_ (list[str] | Unset):
        after (str | Unset):
        wait_ms (int | Unset):
        limit (int | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        EventPage | Problem
    """

    return sync_detailed(
        client=client,
        type_=type_,
        after=after,
        wait_ms=wait_ms,
        limit=limit,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient | Client,
    type_: list[str] | Unset = UNSET,
    after: str | Unset = UNSET,
    wait_ms: int | Unset = UNSET,
    limit: int | Unset = UNSET,
) -> Response[EventPage | Problem]:
    """List events

     What people and programs changed, oldest first, kept for 90 days. Go on with `after` from
    `next_cursor`, which is there on every page: nothing is missed. With `wait_ms` the answer comes
    as soon as something happens. A page may be short, or empty, though more follows, if the types
    are rare.

    ```sh
    curl http://127.0.0.1:5000/v1/events
    ```

    Args:
        type_ (list[str] | Unset):
        after (str | Unset):
        wait_ms (int | Unset):
        limit (int | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[EventPage | Problem]
    """

    kwargs = _get_kwargs(
        type_=type_,
        after=after,
        wait_ms=wait_ms,
        limit=limit,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient | Client,
    type_: list[str] | Unset = UNSET,
    after: str | Unset = UNSET,
    wait_ms: int | Unset = UNSET,
    limit: int | Unset = UNSET,
) -> EventPage | Problem | None:
    """List events

     What people and programs changed, oldest first, kept for 90 days. Go on with `after` from
    `next_cursor`, which is there on every page: nothing is missed. With `wait_ms` the answer comes
    as soon as something happens. A page may be short, or empty, though more follows, if the types
    are rare.

    ```sh
    curl http://127.0.0.1:5000/v1/events
    ```

    Args:
        type_ (list[str] | Unset):
        after (str | Unset):
        wait_ms (int | Unset):
        limit (int | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        EventPage | Problem
    """

    return (
        await asyncio_detailed(
            client=client,
            type_=type_,
            after=after,
            wait_ms=wait_ms,
            limit=limit,
        )
    ).parsed
