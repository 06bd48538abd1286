from http import HTTPStatus
from typing import Any
from urllib.parse import quote
from uuid import UUID

import httpx

from ...client import AuthenticatedClient, Client
from ...models.batch import Batch
from ...models.problem import Problem
from ...types import UNSET, Response, Unset


def _get_kwargs(
    batch_id: UUID,
    *,
    wait_ms: int | Unset = UNSET,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    params["wait_ms"] = wait_ms

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/v1/batches/{batch_id}".format(
            batch_id=quote(str(batch_id), safe=""),
        ),
        "params": params,
    }

    return _kwargs


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Batch | Problem:
    if response.status_code == 200:
        response_200 = Batch.from_dict(response.json())

        return response_200

    if response.status_code == 404:
        response_404 = Problem.from_dict(response.json())

        return response_404

    response_default = Problem.from_dict(response.json())

    return response_default


def _build_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Response[Batch | Problem]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    batch_id: UUID,
    *,
    client: AuthenticatedClient | Client,
    wait_ms: int | Unset = UNSET,
) -> Response[Batch | Problem]:
    """Show a batch

     With `wait_ms`, or the header `Prefer: wait=<seconds>`, the answer waits until it has ended, up to
    30 seconds. Its
    jobs are listed by `GET /v1/jobs?batch_id=`.

    ```sh
    curl http://127.0.0.1:5000/v1/batches/01a206c8-d8c7-76c7-bfda-d9bb00000000
    ```

    Args:
        batch_id (UUID):
        wait_ms (int | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Batch | Problem]
    """

    kwargs = _get_kwargs(
        batch_id=batch_id,
        wait_ms=wait_ms,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    batch_id: UUID,
    *,
    client: AuthenticatedClient | Client,
    wait_ms: int | Unset = UNSET,
) -> Batch | Problem | None:
    """Show a batch

     With `wait_ms`, or the header `Prefer: wait=<seconds>`, the answer waits until it has ended, up to
    30 seconds. Its
    jobs are listed by `GET /v1/jobs?batch_id=`.

    ```sh
    curl http://127.0.0.1:5000/v1/batches/01a206c8-d8c7-76c7-bfda-d9bb00000000
    ```

    Args:
        batch_id (UUID):
        wait_ms (int | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Batch | Problem
    """

    return sync_detailed(
        batch_id=batch_id,
        client=client,
        wait_ms=wait_ms,
    ).parsed


async def asyncio_detailed(
    batch_id: UUID,
    *,
    client: AuthenticatedClient | Client,
    wait_ms: int | Unset = UNSET,
) -> Response[Batch | Problem]:
    """Show a batch

     With `wait_ms`, or the header `Prefer: wait=<seconds>`, the answer waits until it has ended, up to
    30 seconds. Its
    jobs are listed by `GET /v1/jobs?batch_id=`.

    ```sh
    curl http://127.0.0.1:5000/v1/batches/01a206c8-d8c7-76c7-bfda-d9bb00000000
    ```

    Args:
        batch_id (UUID):
        wait_ms (int | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Batch | Problem]
    """

    kwargs = _get_kwargs(
        batch_id=batch_id,
        wait_ms=wait_ms,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    batch_id: UUID,
    *,
    client: AuthenticatedClient | Client,
    wait_ms: int | Unset = UNSET,
) -> Batch | Problem | None:
    """Show a batch

     With `wait_ms`, or the header `Prefer: wait=<seconds>`, the answer waits until it has ended, up to
    30 seconds. Its
    jobs are listed by `GET /v1/jobs?batch_id=`.

    ```sh
    curl http://127.0.0.1:5000/v1/batches/01a206c8-d8c7-76c7-bfda-d9bb00000000
    ```

    Args:
        batch_id (UUID):
        wait_ms (int | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Batch | Problem
    """

    return (
        await asyncio_detailed(
            batch_id=batch_id,
            client=client,
            wait_ms=wait_ms,
        )
    ).parsed
