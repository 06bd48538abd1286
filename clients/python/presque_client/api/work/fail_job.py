from http import HTTPStatus
from typing import Any
from urllib.parse import quote
from uuid import UUID

import httpx

from ...client import AuthenticatedClient, Client
from ...models.fail_job_request import FailJobRequest
from ...models.job_status import JobStatus
from ...models.problem import Problem
from ...types import Response


def _get_kwargs(
    job_id: UUID,
    *,
    body: FailJobRequest,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/v1/jobs/{job_id}/fail".format(
            job_id=quote(str(job_id), safe=""),
        ),
    }

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> JobStatus | Problem:
    if response.status_code == 200:
        response_200 = JobStatus.from_dict(response.json())

        return response_200

    if response.status_code == 404:
        response_404 = Problem.from_dict(response.json())

        return response_404

    if response.status_code == 409:
        response_409 = Problem.from_dict(response.json())

        return response_409

    response_default = Problem.from_dict(response.json())

    return response_default


def _build_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Response[JobStatus | Problem]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    job_id: UUID,
    *,
    client: AuthenticatedClient | Client,
    body: FailJobRequest,
) -> Response[JobStatus | Problem]:
    """ Fail a job

     It is tried again after the queue's backoff (`retryable`), or discarded if that was its last
    attempt or `retry` is false. Safe to repeat.

    ```sh
    curl -X POST http://127.0.0.1:5000/v1/jobs/01a206c8-d8c7-76c7-bfda-d9bb00000001/fail -H 'Content-
    Type: application/json' \\
      -d '{"error":{"error_class":"TimeoutError","message":"smtp timed
    out"},"lease_token":"6f1ed002ab5595859014ebf0951522d9"}'
    ```

    Args:
        job_id (UUID):
        body (FailJobRequest): Failure. Example: {'error': {'error_class': 'TimeoutError',
            'message': 'smtp timed out'}, 'lease_token': '6f1ed002ab5595859014ebf0951522d9'}.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[JobStatus | Problem]
     """

    kwargs = _get_kwargs(
        job_id=job_id,
        body=body,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    job_id: UUID,
    *,
    client: AuthenticatedClient | Client,
    body: FailJobRequest,
) -> JobStatus | Problem | None:
    """ Fail a job

     It is tried again after the queue's backoff (`retryable`), or discarded if that was its last
    attempt or `retry` is false. Safe to repeat.

    ```sh
    curl -X POST http://127.0.0.1:5000/v1/jobs/01a206c8-d8c7-76c7-bfda-d9bb00000001/fail -H 'Content-
    Type: application/json' \\
      -d '{"error":{"error_class":"TimeoutError","message":"smtp timed
    out"},"lease_token":"6f1ed002ab5595859014ebf0951522d9"}'
    ```

    Args:
        job_id (UUID):
        body (FailJobRequest): Failure. Example: {'error': {'error_class': 'TimeoutError',
            'message': 'smtp timed out'}, 'lease_token': '6f1ed002ab5595859014ebf0951522d9'}.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        JobStatus | Problem
     """

    return sync_detailed(
        job_id=job_id,
        client=client,
        body=body,
    ).parsed


async def asyncio_detailed(
    job_id: UUID,
    *,
    client: AuthenticatedClient | Client,
    body: FailJobRequest,
) -> Response[JobStatus | Problem]:
    """ Fail a job

     It is tried again after the queue's backoff (`retryable`), or discarded if that was its last
    attempt or `retry` is false. Safe to repeat.

    ```sh
    curl -X POST http://127.0.0.1:5000/v1/jobs/01a206c8-d8c7-76c7-bfda-d9bb00000001/fail -H 'Content-
    Type: application/json' \\
      -d '{"error":{"error_class":"TimeoutError","message":"smtp timed
    out"},"lease_token":"6f1ed002ab5595859014ebf0951522d9"}'
    ```

    Args:
        job_id (UUID):
        body (FailJobRequest): Failure. Example: {'error': {'error_class': 'TimeoutError',
            'message': 'smtp timed out'}, 'lease_token': '6f1ed002ab5595859014ebf0951522d9'}.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[JobStatus | Problem]
     """

    kwargs = _get_kwargs(
        job_id=job_id,
        body=body,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    job_id: UUID,
    *,
    client: AuthenticatedClient | Client,
    body: FailJobRequest,
) -> JobStatus | Problem | None:
    """ Fail a job

     It is tried again after the queue's backoff (`retryable`), or discarded if that was its last
    attempt or `retry` is false. Safe to repeat.

    ```sh
    curl -X POST http://127.0.0.1:5000/v1/jobs/01a206c8-d8c7-76c7-bfda-d9bb00000001/fail -H 'Content-
    Type: application/json' \\
      -d '{"error":{"error_class":"TimeoutError","message":"smtp timed
    out"},"lease_token":"6f1ed002ab5595859014ebf0951522d9"}'
    ```

    Args:
        job_id (UUID):
        body (FailJobRequest): Failure. Example: {'error': {'error_class': 'TimeoutError',
            'message': 'smtp timed out'}, 'lease_token': '6f1ed002ab5595859014ebf0951522d9'}.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        JobStatus | Problem
     """

    return (
        await asyncio_detailed(
            job_id=job_id,
            client=client,
            body=body,
        )
    ).parsed
