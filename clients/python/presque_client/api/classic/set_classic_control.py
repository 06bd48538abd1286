from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.classic_command import ClassicCommand
from ...models.classic_error import ClassicError
from ...models.classic_updated import ClassicUpdated
from ...types import Response


def _get_kwargs(
    queue: str,
    *,
    body: ClassicCommand,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/control/{queue}".format(
            queue=quote(str(queue), safe=""),
        ),
    }

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> ClassicError | ClassicUpdated | None:
    if response.status_code == 200:
        response_200 = ClassicUpdated.from_dict(response.json())

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
) -> Response[ClassicError | ClassicUpdated]:
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
    body: ClassicCommand,
) -> Response[ClassicError | ClassicUpdated]:
    """Stop or start a queue

     A stopped queue still takes jobs; it hands none out. A queue never seen is made.

    Args:
        queue (str):
        body (ClassicCommand): What a queue should do. Example: {'status': 'stop'}.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[ClassicError | ClassicUpdated]
    """

    kwargs = _get_kwargs(
        queue=queue,
        body=body,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    queue: str,
    *,
    client: AuthenticatedClient | Client,
    body: ClassicCommand,
) -> ClassicError | ClassicUpdated | None:
    """Stop or start a queue

     A stopped queue still takes jobs; it hands none out. A queue never seen is made.

    Args:
        queue (str):
        body (ClassicCommand): What a queue should do. Example: {'status': 'stop'}.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        ClassicError | ClassicUpdated
    """

    return sync_detailed(
        queue=queue,
        client=client,
        body=body,
    ).parsed


async def asyncio_detailed(
    queue: str,
    *,
    client: AuthenticatedClient | Client,
    body: ClassicCommand,
) -> Response[ClassicError | ClassicUpdated]:
    """Stop or start a queue

     A stopped queue still takes jobs; it hands none out. A queue never seen is made.

    Args:
        queue (str):
        body (ClassicCommand): What a queue should do. Example: {'status': 'stop'}.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[ClassicError | ClassicUpdated]
    """

    kwargs = _get_kwargs(
        queue=queue,
        body=body,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    queue: str,
    *,
    client: AuthenticatedClient | Client,
    body: ClassicCommand,
) -> ClassicError | ClassicUpdated | None:
    """Stop or start a queue

     A stopped queue still takes jobs; it hands none out. A queue never seen is made.

    Args:
        queue (str):
        body (ClassicCommand): What a queue should do. Example: {'status': 'stop'}.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        ClassicError | ClassicUpdated
    """

    return (
        await asyncio_detailed(
            queue=queue,
            client=client,
            body=body,
        )
    ).parsed
