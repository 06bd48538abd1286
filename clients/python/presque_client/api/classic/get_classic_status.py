from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.classic_error import ClassicError
from ...models.classic_status import ClassicStatus
from ...types import UNSET, Response, Unset


def _get_kwargs(
    queue: str,
    *,
    with_desc: str | Unset = UNSET,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    params["with_desc"] = with_desc

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/status/{queue}".format(
            queue=quote(str(queue), safe=""),
        ),
        "params": params,
    }

    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> ClassicError | ClassicStatus | None:
    if response.status_code == 200:
        response_200 = ClassicStatus.from_dict(response.json())

        return response_200

    if response.status_code == 400:
        response_400 = ClassicError.from_dict(response.json())

        return response_400

    if response.status_code == 503:
        response_503 = ClassicError.from_dict(response.json())

        return response_503

    if client.raise_on_unexpected_status:
        raise errors.UnexpectedStatus(response.status_code, response.content)
    else:
        return None


def _build_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[ClassicError | ClassicStatus]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    queue: str,
    *,
    client: AuthenticatedClient | Client,
    with_desc: str | Unset = UNSET,
) -> Response[ClassicError | ClassicStatus]:
    """Show a queue

     Its size and its policy; zero and open for a queue never seen.

    Args:
        queue (str):
        with_desc (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[ClassicError | ClassicStatus]
    """

    kwargs = _get_kwargs(
        queue=queue,
        with_desc=with_desc,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    queue: str,
    *,
    client: AuthenticatedClient | Client,
    with_desc: str | Unset = UNSET,
) -> ClassicError | ClassicStatus | None:
    """Show a queue

     Its size and its policy; zero and open for a queue never seen.

    Args:
        queue (str):
        with_desc (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        ClassicError | ClassicStatus
    """

    return sync_detailed(
        queue=queue,
        client=client,
        with_desc=with_desc,
    ).parsed


async def asyncio_detailed(
    queue: str,
    *,
    client: AuthenticatedClient | Client,
    with_desc: str | Unset = UNSET,
) -> Response[ClassicError | ClassicStatus]:
    """Show a queue

     Its size and its policy; zero and open for a queue never seen.

    Args:
        queue (str):
        with_desc (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[ClassicError | ClassicStatus]
    """

    kwargs = _get_kwargs(
        queue=queue,
        with_desc=with_desc,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    queue: str,
    *,
    client: AuthenticatedClient | Client,
    with_desc: str | Unset = UNSET,
) -> ClassicError | ClassicStatus | None:
    """Show a queue

     Its size and its policy; zero and open for a queue never seen.

    Args:
        queue (str):
        with_desc (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        ClassicError | ClassicStatus
    """

    return (
        await asyncio_detailed(
            queue=queue,
            client=client,
            with_desc=with_desc,
        )
    ).parsed
