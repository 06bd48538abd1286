from http import HTTPStatus
from typing import Any

import httpx

from ...client import AuthenticatedClient, Client
from ...models.enqueue_jobs_request import EnqueueJobsRequest
from ...models.enqueue_jobs_response import EnqueueJobsResponse
from ...models.problem import Problem
from ...types import UNSET, Response, Unset


def _get_kwargs(
    *,
    body: EnqueueJobsRequest,
    idempotency_key: str | Unset = UNSET,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if not isinstance(idempotency_key, Unset):
        headers["Idempotency-Key"] = idempotency_key

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/v1/jobs",
    }

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> EnqueueJobsResponse | Problem:
    if response.status_code == 201:
        response_201 = EnqueueJobsResponse.from_dict(response.json())

        return response_201

    if response.status_code == 404:
        response_404 = Problem.from_dict(response.json())

        return response_404

    if response.status_code == 409:
        response_409 = Problem.from_dict(response.json())

        return response_409

    if response.status_code == 413:
        response_413 = Problem.from_dict(response.json())

        return response_413

    if response.status_code == 422:
        response_422 = Problem.from_dict(response.json())

        return response_422

    if response.status_code == 429:
        response_429 = Problem.from_dict(response.json())

        return response_429

    response_default = Problem.from_dict(response.json())

    return response_default


def _build_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[EnqueueJobsResponse | Problem]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient | Client,
    body: EnqueueJobsRequest,
    idempotency_key: str | Unset = UNSET,
) -> Response[EnqueueJobsResponse | Problem]:
    """ Enqueue many jobs

     Into any queues, all of them or none. Safe to repeat with an `Idempotency-Key`.

    ```sh
    curl -X POST http://127.0.0.1:5000/v1/jobs -H 'Content-Type: application/json' \\
      -d '{"jobs":[{"payload":{"user_id":17},"queue":"mail"},{"delay_ms":60000,"kind":"daily","queue":"r
    eports"}]}'
    ```

    Args:
        idempotency_key (str | Unset):
        body (EnqueueJobsRequest): Jobs to enqueue together: all of them or none. Example:
            {'jobs': [{'payload': {'user_id': 17}, 'queue': 'mail'}, {'delay_ms': 60000, 'kind':
            'daily', 'queue': 'reports'}]}.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[EnqueueJobsResponse | Problem]
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
    body: EnqueueJobsRequest,
    idempotency_key: str | Unset = UNSET,
) -> EnqueueJobsResponse | Problem | None:
    """ Enqueue many jobs

     Into any queues, all of them or none. Safe to repeat with an `Idempotency-Key`.

    ```sh
    curl -X POST http://127.0.0.1:5000/v1/jobs -H 'Content-Type: application/json' \\
      -d '{"jobs":[{"payload":{"user_id":17},"queue":"mail"},{"delay_ms":60000,"kind":"daily","queue":"r
    eports"}]}'
    ```

    Args:
        idempotency_key (str | Unset):
        body (EnqueueJobsRequest): Jobs to enqueue together: all of them or none. Example:
            {'jobs': [{'payload': {'user_id': 17}, 'queue': 'mail'}, {'delay_ms': 60000, 'kind':
            'daily', 'queue': 'reports'}]}.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        EnqueueJobsResponse | Problem
     """

    return sync_detailed(
        client=client,
        body=body,
        idempotency_key=idempotency_key,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient | Client,
    body: EnqueueJobsRequest,
    idempotency_key: str | Unset = UNSET,
) -> Response[EnqueueJobsResponse | Problem]:
    """ Enqueue many jobs

     Into any queues, all of them or none. Safe to repeat with an `Idempotency-Key`.

    ```sh
    curl -X POST http://127.0.0.1:5000/v1/jobs -H 'Content-Type: application/json' \\
      -d '{"jobs":[{"payload":{"user_id":17},"queue":"mail"},{"delay_ms":60000,"kind":"daily","queue":"r
    eports"}]}'
    ```

    Args:
        idempotency_key (str | Unset):
        body (EnqueueJobsRequest): Jobs to enqueue together: all of them or none. Example:
            {'jobs': [{'payload': {'user_id': 17}, 'queue': 'mail'}, {'delay_ms': 60000, 'kind':
            'daily', 'queue': 'reports'}]}.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[EnqueueJobsResponse | Problem]
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
    body: EnqueueJobsRequest,
    idempotency_key: str | Unset = UNSET,
) -> EnqueueJobsResponse | Problem | None:
    """ Enqueue many jobs

     Into any queues, all of them or none. Safe to repeat with an `Idempotency-Key`.

    ```sh
    curl -X POST http://127.0.0.1:5000/v1/jobs -H 'Content-Type: application/json' \\
      -d '{"jobs":[{"payload":{"user_id":17},"queue":"mail"},{"delay_ms":60000,"kind":"daily","queue":"r
    eports"}]}'
    ```

    Args:
        idempotency_key (str | Unset):
        body (EnqueueJobsRequest): Jobs to enqueue together: all of them or none. Example:
            {'jobs': [{'payload': {'user_id': 17}, 'queue': 'mail'}, {'delay_ms': 60000, 'kind':
            'daily', 'queue': 'reports'}]}.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        EnqueueJobsResponse | Problem
     """

    return (
        await asyncio_detailed(
            client=client,
            body=body,
            idempotency_key=idempotency_key,
        )
    ).parsed
