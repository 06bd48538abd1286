from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.classic_counts import ClassicCounts
from ...models.classic_error import ClassicError
from ...types import Response


def _get_kwargs(
    queue: str,
) -> dict[str, Any]:

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/j/{queue}".format(
            queue=quote(str(queue), safe=""),
        ),
    }

    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> ClassicCounts | ClassicError | None:
    if response.status_code == 200:
        response_200 = ClassicCounts.from_dict(response.json())

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
) -> Response[ClassicCounts | ClassicError]:
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
) -> Response[ClassicCounts | ClassicError]:
    """Count a queue's jobs

     Exact when it is read. Zeros for a queue never seen.

    Args:
        queue (str):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[ClassicCounts | ClassicError]
    """

    kwargs = _get_kwargs(
        queue=queue,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    queue: str,
    *,
    client: AuthenticatedClient | Client,
) -> ClassicCounts | ClassicError | None:
    """Count a queue's jobs

     Exact when it is read. Zeros for a queue never seen.

    Args:
        queue (str):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        ClassicCounts | ClassicError
    """

    return sync_detailed(
        queue=queue,
        client=client,
    ).parsed


async def asyncio_detailed(
    queue: str,
    *,
    client: AuthenticatedClient | Client,
) -> Response[ClassicCounts | ClassicError]:
    """Count a queue's jobs

     Exact when it is read. Zeros for a queue never seen.

    Args:
        queue (str):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[ClassicCounts | ClassicError]
    """

    kwargs = _get_kwargs(
        queue=queue,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    queue: str,
    *,
    client: AuthenticatedClient | Client,
) -> ClassicCounts | ClassicError | None:
    """Count a queue's jobs

     Exact when it is read. Zeros for a queue never seen.

    Args:
        queue (str):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        ClassicCounts | ClassicError
    """

    return (
        await asyncio_detailed(
            queue=queue,
            client=client,
        )
    ).parsed
