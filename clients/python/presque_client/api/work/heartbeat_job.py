from http import HTTPStatus
from typing import Any
from urllib.parse import quote
from uuid import UUID

import httpx

from ...client import AuthenticatedClient, Client
from ...models.heartbeat_job_request import HeartbeatJobRequest
from ...models.lease import Lease
from ...models.problem import Problem
from ...types import Response


def _get_kwargs(
    job_id: UUID,
    *,
    body: HeartbeatJobRequest,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/v1/jobs/{job_id}/heartbeat".format(
            job_id=quote(str(job_id), safe=""),
        ),
    }

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Lease | Problem:
    if response.status_code == 200:
        response_200 = Lease.from_dict(response.json())

        return response_200

    if response.status_code == 404:
        response_404 = Problem.from_dict(response.json())

        return response_404

    if response.status_code == 409:
        response_409 = Problem.from_dict(response.json())

        return response_409

    response_default = Problem.from_dict(response.json())

    return response_default


def _build_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Response[Lease | Problem]:
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
    body: HeartbeatJobRequest,
) -> Response[Lease | Problem]:
    """ Keep a job's lease alive

     Best at a third of the lease. Says whether somebody wants the job cancelled. A worker that
    holds many jobs does this for all of them in one call, `heartbeat_worker`.

    ```sh
    curl -X POST http://127.0.0.1:5000/v1/jobs/01a206c8-d8c7-76c7-bfda-d9bb00000001/heartbeat -H
    'Content-Type: application/json' \\
      -d '{"lease_token":"6f1ed002ab5595859014ebf0951522d9","progress":40.0}'
    ```

    Args:
        job_id (UUID):
        body (HeartbeatJobRequest): A sign of life for one job. Example: {'lease_token':
            '6f1ed002ab5595859014ebf0951522d9', 'progress': 40.0}.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Lease | Problem]
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
    body: HeartbeatJobRequest,
) -> Lease | Problem | None:
    """ Keep a job's lease alive

     Best at a third of the lease. Says whether somebody wants the job cancelled. A worker that
    holds many jobs does this for all of them in one call, `heartbeat_worker`.

    ```sh
    curl -X POST http://127.0.0.1:5000/v1/jobs/01a206c8-d8c7-76c7-bfda-d9bb00000001/heartbeat -H
    'Content-Type: application/json' \\
      -d '{"lease_token":"6f1ed002ab5595859014ebf0951522d9","progress":40.0}'
    ```

    Args:
        job_id (UUID):
        body (HeartbeatJobRequest): A sign of life for one job. Example: {'lease_token':
            '6f1ed002ab5595859014ebf0951522d9', 'progress': 40.0}.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Lease | Problem
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
    body: HeartbeatJobRequest,
) -> Response[Lease | Problem]:
    """ Keep a job's lease alive

     Best at a third of the lease. Says whether somebody wants the job cancelled. A worker that
    holds many jobs does this for all of them in one call, `heartbeat_worker`.

    ```sh
    curl -X POST http://127.0.0.1:5000/v1/jobs/01a206c8-d8c7-76c7-bfda-d9bb00000001/heartbeat -H
    'Content-Type: application/json' \\
      -d '{"lease_token":"6f1ed002ab5595859014ebf0951522d9","progress":40.0}'
    ```

    Args:
        job_id (UUID):
        body (HeartbeatJobRequest): A sign of life for one job. Example: {'lease_token':
            '6f1ed002ab5595859014ebf0951522d9', 'progress': 40.0}.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Lease | Problem]
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
    body: HeartbeatJobRequest,
) -> Lease | Problem | None:
    """ Keep a job's lease alive

     Best at a third of the lease. Says whether somebody wants the job cancelled. A worker that
    holds many jobs does this for all of them in one call, `heartbeat_worker`.

    ```sh
    curl -X POST http://127.0.0.1:5000/v1/jobs/01a206c8-d8c7-76c7-bfda-d9bb00000001/heartbeat -H
    'Content-Type: application/json' \\
      -d '{"lease_token":"6f1ed002ab5595859014ebf0951522d9","progress":40.0}'
    ```

    Args:
        job_id (UUID):
        body (HeartbeatJobRequest): A sign of life for one job. Example: {'lease_token':
            '6f1ed002ab5595859014ebf0951522d9', 'progress': 40.0}.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Lease | Problem
     """

    return (
        await asyncio_detailed(
            job_id=job_id,
            client=client,
            body=body,
        )
    ).parsed
