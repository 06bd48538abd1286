from http import HTTPStatus
from typing import Any
from urllib.parse import quote
from uuid import UUID

import httpx

from ...client import AuthenticatedClient, Client
from ...models.bulk_operation import BulkOperation
from ...models.problem import Problem
from ...types import Response


def _get_kwargs(
    bulk_operation_id: UUID,
) -> dict[str, Any]:

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/v1/bulk-operations/{bulk_operation_id}/cancel".format(
            bulk_operation_id=quote(str(bulk_operation_id), safe=""),
        ),
    }

    return _kwargs


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> BulkOperation | Problem:
    if response.status_code == 200:
        response_200 = BulkOperation.from_dict(response.json())

        return response_200

    if response.status_code == 404:
        response_404 = Problem.from_dict(response.json())

        return response_404

    if response.status_code == 409:
        response_409 = Problem.from_dict(response.json())

        return response_409

    response_default = Problem.from_dict(response.json())

    return response_default


def _build_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[BulkOperation | Problem]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    bulk_operation_id: UUID,
    *,
    client: AuthenticatedClient | Client,
) -> Response[BulkOperation | Problem]:
    """Cancel a bulk operation

     It ends when the jobs in hand are done, within a moment. What was done stays done.

    ```sh
    curl -X POST http://127.0.0.1:5000/v1/bulk-operations/01a206c8-d8c7-76c7-bfda-d9bb00000000/cancel
    ```

    Args:
        bulk_operation_id (UUID):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[BulkOperation | Problem]
    """

    kwargs = _get_kwargs(
        bulk_operation_id=bulk_operation_id,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    bulk_operation_id: UUID,
    *,
    client: AuthenticatedClient | Client,
) -> BulkOperation | Problem | None:
    """Cancel a bulk operation

     It ends when the jobs in hand are done, within a moment. What was done stays done.

    ```sh
    curl -X POST http://127.0.0.1:5000/v1/bulk-operations/01a206c8-d8c7-76c7-bfda-d9bb00000000/cancel
    ```

    Args:
        bulk_operation_id (UUID):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        BulkOperation | Problem
    """

    return sync_detailed(
        bulk_operation_id=bulk_operation_id,
        client=client,
    ).parsed


async def asyncio_detailed(
    bulk_operation_id: UUID,
    *,
    client: AuthenticatedClient | Client,
) -> Response[BulkOperation | Problem]:
    """Cancel a bulk operation

     It ends when the jobs in hand are done, within a moment. What was done stays done.

    ```sh
    curl -X POST http://127.0.0.1:5000/v1/bulk-operations/01a206c8-d8c7-76c7-bfda-d9bb00000000/cancel
    ```

    Args:
        bulk_operation_id (UUID):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[BulkOperation | Problem]
    """

    kwargs = _get_kwargs(
        bulk_operation_id=bulk_operation_id,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    bulk_operation_id: UUID,
    *,
    client: AuthenticatedClient | Client,
) -> BulkOperation | Problem | None:
    """Cancel a bulk operation

     It ends when the jobs in hand are done, within a moment. What was done stays done.

    ```sh
    curl -X POST http://127.0.0.1:5000/v1/bulk-operations/01a206c8-d8c7-76c7-bfda-d9bb00000000/cancel
    ```

    Args:
        bulk_operation_id (UUID):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        BulkOperation | Problem
    """

    return (
        await asyncio_detailed(
            bulk_operation_id=bulk_operation_id,
            client=client,
        )
    ).parsed
