from http import HTTPStatus
from typing import Any, cast
from urllib.parse import quote

import httpx

from ...client import AuthenticatedClient, Client
from ...models.problem import Problem
from ...types import UNSET, Response, Unset


def _get_kwargs(
    queue: str,
    *,
    force: bool | Unset = UNSET,
    if_match: str | Unset = UNSET,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if not isinstance(if_match, Unset):
        headers["If-Match"] = if_match

    params: dict[str, Any] = {}

    params["force"] = force

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "delete",
        "url": "/v1/queues/{queue}".format(
            queue=quote(str(queue), safe=""),
        ),
        "params": params,
    }

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Any | Problem:
    if response.status_code == 204:
        response_204 = cast(Any, None)
        return response_204

    if response.status_code == 404:
        response_404 = Problem.from_dict(response.json())

        return response_404

    if response.status_code == 409:
        response_409 = Problem.from_dict(response.json())

        return response_409

    if response.status_code == 412:
        response_412 = Problem.from_dict(response.json())

        return response_412

    response_default = Problem.from_dict(response.json())

    return response_default


def _build_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Response[Any | Problem]:
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
    force: bool | Unset = UNSET,
    if_match: str | Unset = UNSET,
) -> Response[Any | Problem]:
    """Delete a queue

     Its unfinished jobs are cancelled (reason `queue_deleted`), which takes `force` if there are
    any; running ones are left to end. History keeps the name. A queue made again later is
    another one.

    ```sh
    curl -X DELETE http://127.0.0.1:5000/v1/queues/mail
    ```

    Args:
        queue (str):
        force (bool | Unset):
        if_match (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Any | Problem]
    """

    kwargs = _get_kwargs(
        queue=queue,
        force=force,
        if_match=if_match,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    queue: str,
    *,
    client: AuthenticatedClient | Client,
    force: bool | Unset = UNSET,
    if_match: str | Unset = UNSET,
) -> Any | Problem | None:
    """Delete a queue

     Its unfinished jobs are cancelled (reason `queue_deleted`), which takes `force` if there are
    any; running ones are left to end. History keeps the name. A queue made again later is
    another one.

    ```sh
    curl -X DELETE http://127.0.0.1:5000/v1/queues/mail
    ```

    Args:
        queue (str):
        force (bool | Unset):
        if_match (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Any | Problem
    """

    return sync_detailed(
        queue=queue,
        client=client,
        force=force,
        if_match=if_match,
    ).parsed


async def asyncio_detailed(
    queue: str,
    *,
    client: AuthenticatedClient | Client,
    force: bool | Unset = UNSET,
    if_match: str | Unset = UNSET,
) -> Response[Any | Problem]:
    """Delete a queue

     Its unfinished jobs are cancelled (reason `queue_deleted`), which takes `force` if there are
    any; running ones are left to end. History keeps the name. A queue made again later is
    another one.

    ```sh
    curl -X DELETE http://127.0.0.1:5000/v1/queues/mail
    ```

    Args:
        queue (str):
        force (bool | Unset):
        if_match (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Any | Problem]
    """

    kwargs = _get_kwargs(
        queue=queue,
        force=force,
        if_match=if_match,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    queue: str,
    *,
    client: AuthenticatedClient | Client,
    force: bool | Unset = UNSET,
    if_match: str | Unset = UNSET,
) -> Any | Problem | None:
    """Delete a queue

     Its unfinished jobs are cancelled (reason `queue_deleted`), which takes `force` if there are
    any; running ones are left to end. History keeps the name. A queue made again later is
    another one.

    ```sh
    curl -X DELETE http://127.0.0.1:5000/v1/queues/mail
    ```

    Args:
        queue (str):
        force (bool | Unset):
        if_match (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Any | Problem
    """

    return (
        await asyncio_detailed(
            queue=queue,
            client=client,
            force=force,
            if_match=if_match,
        )
    ).parsed
