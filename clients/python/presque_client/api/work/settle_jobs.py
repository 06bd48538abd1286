from http import HTTPStatus
from typing import Any

import httpx

from ...client import AuthenticatedClient, Client
from ...models.problem import Problem
from ...models.settle_request import SettleRequest
from ...models.settle_response import SettleResponse
from ...types import Response


def _get_kwargs(
    *,
    body: SettleRequest,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/v1/jobs/settle",
    }

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Problem | SettleResponse:
    if response.status_code == 200:
        response_200 = SettleResponse.from_dict(response.json())

        return response_200

    response_default = Problem.from_dict(response.json())

    return response_default


def _build_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[Problem | SettleResponse]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient | Client,
    body: SettleRequest,
) -> Response[Problem | SettleResponse]:
    """ Report many outcomes

     And claim the next jobs in the same round trip. Items are independent: one lost lease, or
    one that is malformed, does not fail the others. The outcomes are safe to repeat, as the
    single calls are; jobs that a lost answer had claimed come back when their leases run out.
    If nothing can be claimed just now, the outcomes are answered, and no jobs.

    ```sh
    curl -X POST http://127.0.0.1:5000/v1/jobs/settle -H 'Content-Type: application/json' \\
      -d '{"claim":{"max_jobs":10,"queues":["mail"]},"items":[{"job_id":"01a206c8-d8c7-76c7-bfda-
    d9bb00000001","lease_token":"6f1ed002ab5595859014ebf0951522d9","outcome":"completed"}]}'
    ```

    Args:
        body (SettleRequest): Many outcomes, and the next claim, in one round trip. Example:
            {'claim': {'max_jobs': 10, 'queues': ['mail']}, 'items': [{'job_id':
            '01a206c8-d8c7-76c7-bfda-d9bb00000001', 'lease_token': '6f1ed002ab5595859014ebf0951522d9',
            'outcome': 'completed'}]}.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Problem | SettleResponse]
     """

    kwargs = _get_kwargs(
        body=body,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    *,
    client: AuthenticatedClient | Client,
    body: SettleRequest,
) -> Problem | SettleResponse | None:
    """ Report many outcomes

     And claim the next jobs in the same round trip. Items are independent: one lost lease, or
    one that is malformed, does not fail the others. The outcomes are safe to repeat, as the
    single calls are; jobs that a lost answer had claimed come back when their leases run out.
    If nothing can be claimed just now, the outcomes are answered, and no jobs.

    ```sh
    curl -X POST http://127.0.0.1:5000/v1/jobs/settle -H 'Content-Type: application/json' \\
      -d '{"claim":{"max_jobs":10,"queues":["mail"]},"items":[{"job_id":"01a206c8-d8c7-76c7-bfda-
    d9bb00000001","lease_token":"6f1ed002ab5595859014ebf0951522d9","outcome":"completed"}]}'
    ```

    Args:
        body (SettleRequest): Many outcomes, and the next claim, in one round trip. Example:
            {'claim': {'max_jobs': 10, 'queues': ['mail']}, 'items': [{'job_id':
            '01a206c8-d8c7-76c7-bfda-d9bb00000001', 'lease_token': '6f1ed002ab5595859014ebf0951522d9',
            'outcome': 'completed'}]}.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Problem | SettleResponse
     """

    return sync_detailed(
        client=client,
        body=body,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient | Client,
    body: SettleRequest,
) -> Response[Problem | SettleResponse]:
    """ Report many outcomes

     And claim the next jobs in the same round trip. Items are independent: one lost lease, or
    one that is malformed, does not fail the others. The outcomes are safe to repeat, as the
    single calls are; jobs that a lost answer had claimed come back when their leases run out.
    If nothing can be claimed just now, the outcomes are answered, and no jobs.

    ```sh
    curl -X POST http://127.0.0.1:5000/v1/jobs/settle -H 'Content-Type: application/json' \\
      -d '{"claim":{"max_jobs":10,"queues":["mail"]},"items":[{"job_id":"01a206c8-d8c7-76c7-bfda-
    d9bb00000001","lease_token":"6f1ed002ab5595859014ebf0951522d9","outcome":"completed"}]}'
    ```

    Args:
        body (SettleRequest): Many outcomes, and the next claim, in one round trip. Example:
            {'claim': {'max_jobs': 10, 'queues': ['mail']}, 'items': [{'job_id':
            '01a206c8-d8c7-76c7-bfda-d9bb00000001', 'lease_token': '6f1ed002ab5595859014ebf0951522d9',
            'outcome': 'completed'}]}.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Problem | SettleResponse]
     """

    kwargs = _get_kwargs(
        body=body,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient | Client,
    body: SettleRequest,
) -> Problem | SettleResponse | None:
    """ Report many outcomes

     And claim the next jobs in the same round trip. Items are independent: one lost lease, or
    one that is malformed, does not fail the others. The outcomes are safe to repeat, as the
    single calls are; jobs that a lost answer had claimed come back when their leases run out.
    If nothing can be claimed just now, the outcomes are answered, and no jobs.

    ```sh
    curl -X POST http://127.0.0.1:5000/v1/jobs/settle -H 'Content-Type: application/json' \\
      -d '{"claim":{"max_jobs":10,"queues":["mail"]},"items":[{"job_id":"01a206c8-d8c7-76c7-bfda-
    d9bb00000001","lease_token":"6f1ed002ab5595859014ebf0951522d9","outcome":"completed"}]}'
    ```

    Args:
        body (SettleRequest): Many outcomes, and the next claim, in one round trip. Example:
            {'claim': {'max_jobs': 10, 'queues': ['mail']}, 'items': [{'job_id':
            '01a206c8-d8c7-76c7-bfda-d9bb00000001', 'lease_token': '6f1ed002ab5595859014ebf0951522d9',
            'outcome': 'completed'}]}.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Problem | SettleResponse
     """

    return (
        await asyncio_detailed(
            client=client,
            body=body,
        )
    ).parsed
