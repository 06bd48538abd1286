from http import HTTPStatus
from typing import Any

import httpx

from ...client import AuthenticatedClient, Client
from ...models.claim_request import ClaimRequest
from ...models.claim_response import ClaimResponse
from ...models.problem import Problem
from ...types import UNSET, Response, Unset


def _get_kwargs(
    *,
    body: ClaimRequest,
    idempotency_key: str | Unset = UNSET,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if not isinstance(idempotency_key, Unset):
        headers["Idempotency-Key"] = idempotency_key

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/v1/jobs/claim",
    }

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> ClaimResponse | Problem:
    if response.status_code == 200:
        response_200 = ClaimResponse.from_dict(response.json())

        return response_200

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
) -> Response[ClaimResponse | Problem]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient | Client,
    body: ClaimRequest,
    idempotency_key: str | Unset = UNSET,
) -> Response[ClaimResponse | Problem]:
    """ Claim jobs

     Each comes with a lease: keep it alive by heartbeats, end it with `complete`, `fail`,
    `release` or `settle`. A lease that runs out counts as a failed attempt, and the job goes
    to somebody else. Always 200, also when there is nothing; `wait_ms`, or the header
    `Prefer: wait=<seconds>`, waits for something.

    ```sh
    curl -X POST http://127.0.0.1:5000/v1/jobs/claim -H 'Content-Type: application/json' \\
      -d '{"max_jobs":10,"queues":["critical","mail"],"wait_ms":0,"worker_id":"web-3"}'
    ```

    Args:
        idempotency_key (str | Unset):
        body (ClaimRequest): What a worker asks for. Example: {'max_jobs': 10, 'queues':
            ['critical', 'mail'], 'wait_ms': 0, 'worker_id': 'web-3'}.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[ClaimResponse | Problem]
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
    body: ClaimRequest,
    idempotency_key: str | Unset = UNSET,
) -> ClaimResponse | Problem | None:
    """ Claim jobs

     Each comes with a lease: keep it alive by heartbeats, end it with `complete`, `fail`,
    `release` or `settle`. A lease that runs out counts as a failed attempt, and the job goes
    to somebody else. Always 200, also when there is nothing; `wait_ms`, or the header
    `Prefer: wait=<seconds>`, waits for something.

    ```sh
    curl -X POST http://127.0.0.1:5000/v1/jobs/claim -H 'Content-Type: application/json' \\
      -d '{"max_jobs":10,"queues":["critical","mail"],"wait_ms":0,"worker_id":"web-3"}'
    ```

    Args:
        idempotency_key (str | Unset):
        body (ClaimRequest): What a worker asks for. Example: {'max_jobs': 10, 'queues':
            ['critical', 'mail'], 'wait_ms': 0, 'worker_id': 'web-3'}.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        ClaimResponse | Problem
     """

    return sync_detailed(
        client=client,
        body=body,
        idempotency_key=idempotency_key,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient | Client,
    body: ClaimRequest,
    idempotency_key: str | Unset = UNSET,
) -> Response[ClaimResponse | Problem]:
    """ Claim jobs

     Each comes with a lease: keep it alive by heartbeats, end it with `complete`, `fail`,
    `release` or `settle`. A lease that runs out counts as a failed attempt, and the job goes
    to somebody else. Always 200, also when there is nothing; `wait_ms`, or the header
    `Prefer: wait=<seconds>`, waits for something.

    ```sh
    curl -X POST http://127.0.0.1:5000/v1/jobs/claim -H 'Content-Type: application/json' \\
      -d '{"max_jobs":10,"queues":["critical","mail"],"wait_ms":0,"worker_id":"web-3"}'
    ```

    Args:
        idempotency_key (str | Unset):
        body (ClaimRequest): What a worker asks for. Example: {'max_jobs': 10, 'queues':
            ['critical', 'mail'], 'wait_ms': 0, 'worker_id': 'web-3'}.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[ClaimResponse | Problem]
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
    body: ClaimRequest,
    idempotency_key: str | Unset = UNSET,
) -> ClaimResponse | Problem | None:
    """ Claim jobs

     Each comes with a lease: keep it alive by heartbeats, end it with `complete`, `fail`,
    `release` or `settle`. A lease that runs out counts as a failed attempt, and the job goes
    to somebody else. Always 200, also when there is nothing; `wait_ms`, or the header
    `Prefer: wait=<seconds>`, waits for something.

    ```sh
    curl -X POST http://127.0.0.1:5000/v1/jobs/claim -H 'Content-Type: application/json' \\
      -d '{"max_jobs":10,"queues":["critical","mail"],"wait_ms":0,"worker_id":"web-3"}'
    ```

    Args:
        idempotency_key (str | Unset):
        body (ClaimRequest): What a worker asks for. Example: {'max_jobs': 10, 'queues':
            ['critical', 'mail'], 'wait_ms': 0, 'worker_id': 'web-3'}.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        ClaimResponse | Problem
     """

    return (
        await asyncio_detailed(
            client=client,
            body=body,
            idempotency_key=idempotency_key,
        )
    ).parsed
