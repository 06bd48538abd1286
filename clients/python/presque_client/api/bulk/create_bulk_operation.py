from http import HTTPStatus
from typing import Any

import httpx

from ...client import AuthenticatedClient, Client
from ...models.bulk_operation import BulkOperation
from ...models.new_bulk_operation import NewBulkOperation
from ...models.problem import Problem
from ...types import UNSET, Response, Unset


def _get_kwargs(
    *,
    body: NewBulkOperation,
    idempotency_key: str | Unset = UNSET,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if not isinstance(idempotency_key, Unset):
        headers["Idempotency-Key"] = idempotency_key

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/v1/bulk-operations",
    }

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> BulkOperation | Problem:
    if response.status_code == 202:
        response_202 = BulkOperation.from_dict(response.json())

        return response_202

    if response.status_code == 404:
        response_404 = Problem.from_dict(response.json())

        return response_404

    if response.status_code == 409:
        response_409 = Problem.from_dict(response.json())

        return response_409

    if response.status_code == 422:
        response_422 = Problem.from_dict(response.json())

        return response_422

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
    *,
    client: AuthenticatedClient | Client,
    body: NewBulkOperation,
    idempotency_key: str | Unset = UNSET,
) -> Response[BulkOperation | Problem]:
    """ Change many jobs

     Does the same to all jobs that pass the filter, and that were there when it began, as a request
    about each of them
    would. An operation on up to 500 jobs is usually over when it is answered; larger ones go on, on any
    server. With
    `dry_run` nothing is changed: the jobs are counted, and some are shown. Safe to repeat with an
    `Idempotency-Key`.

    ```sh
    curl -X POST http://127.0.0.1:5000/v1/bulk-operations -H 'Content-Type: application/json' \\
      -d '{"action":"retry","filter":{"error_class":"TimeoutError","queue":["mail"],"state":["discarded"
    ]},"reason":"smtp outage over","spread_ms":600000}'
    ```

    Args:
        idempotency_key (str | Unset):
        body (NewBulkOperation): A change to all jobs that pass a filter. Example: {'action':
            'retry', 'filter': {'error_class': 'TimeoutError', 'queue': ['mail'], 'state':
            ['discarded']}, 'reason': 'smtp outage over', 'spread_ms': 600000}.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[BulkOperation | Problem]
     """

    kwargs = _get_kwargs(
        body=body,
        idempotency_key=idempotency_key,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    *,
    client: AuthenticatedClient | Client,
    body: NewBulkOperation,
    idempotency_key: str | Unset = UNSET,
) -> BulkOperation | Problem | None:
    """ Change many jobs

     Does the same to all jobs that pass the filter, and that were there when it began, as a request
    about each of them
    would. An operation on up to 500 jobs is usually over when it is answered; larger ones go on, on any
    server. With
    `dry_run` nothing is changed: the jobs are counted, and some are shown. Safe to repeat with an
    `Idempotency-Key`.

    ```sh
    curl -X POST http://127.0.0.1:5000/v1/bulk-operations -H 'Content-Type: application/json' \\
      -d '{"action":"retry","filter":{"error_class":"TimeoutError","queue":["mail"],"state":["discarded"
    ]},"reason":"smtp outage over","spread_ms":600000}'
    ```

    Args:
        idempotency_key (str | Unset):
        body (NewBulkOperation): A change to all jobs that pass a filter. Example: {'action':
            'retry', 'filter': {'error_class': 'TimeoutError', 'queue': ['mail'], 'state':
            ['discarded']}, 'reason': 'smtp outage over', 'spread_ms': 600000}.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        BulkOperation | Problem
     """

    return sync_detailed(
        client=client,
        body=body,
        idempotency_key=idempotency_key,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient | Client,
    body: NewBulkOperation,
    idempotency_key: str | Unset = UNSET,
) -> Response[BulkOperation | Problem]:
    """ Change many jobs

     Does the same to all jobs that pass the filter, and that were there when it began, as a request
    about each of them
    would. An operation on up to 500 jobs is usually over when it is answered; larger ones go on, on any
    server. With
    `dry_run` nothing is changed: the jobs are counted, and some are shown. Safe to repeat with an
    `Idempotency-Key`.

    ```sh
    curl -X POST http://127.0.0.1:5000/v1/bulk-operations -H 'Content-Type: application/json' \\
      -d '{"action":"retry","filter":{"error_class":"TimeoutError","queue":["mail"],"state":["discarded"
    ]},"reason":"smtp outage over","spread_ms":600000}'
    ```

    Args:
        idempotency_key (str | Unset):
        body (NewBulkOperation): A change to all jobs that pass a filter. Example: {'action':
            'retry', 'filter': {'error_class': 'TimeoutError', 'queue': ['mail'], 'state':
            ['discarded']}, 'reason': 'smtp outage over', 'spread_ms': 600000}.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[BulkOperation | Problem]
     """

    kwargs = _get_kwargs(
        body=body,
        idempotency_key=idempotency_key,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient | Client,
    body: NewBulkOperation,
    idempotency_key: str | Unset = UNSET,
) -> BulkOperation | Problem | None:
    """ Change many jobs

     Does the same to all jobs that pass the filter, and that were there when it began, as a request
    about each of them
    would. An operation on up to 500 jobs is usually over when it is answered; larger ones go on, on any
    server. With
    `dry_run` nothing is changed: the jobs are counted, and some are shown. Safe to repeat with an
    `Idempotency-Key`.

    ```sh
    curl -X POST http://127.0.0.1:5000/v1/bulk-operations -H 'Content-Type: application/json' \\
      -d '{"action":"retry","filter":{"error_class":"TimeoutError","queue":["mail"],"state":["discarded"
    ]},"reason":"smtp outage over","spread_ms":600000}'
    ```

    Args:
        idempotency_key (str | Unset):
        body (NewBulkOperation): A change to all jobs that pass a filter. Example: {'action':
            'retry', 'filter': {'error_class': 'TimeoutError', 'queue': ['mail'], 'state':
            ['discarded']}, 'reason': 'smtp outage over', 'spread_ms': 600000}.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        BulkOperation | Problem
     """

    return (
        await asyncio_detailed(
            client=client,
            body=body,
            idempotency_key=idempotency_key,
        )
    ).parsed
