from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx

from ...client import AuthenticatedClient, Client
from ...models.problem import Problem
from ...models.worker_directive import WorkerDirective
from ...models.worker_heartbeat_request import WorkerHeartbeatRequest
from ...types import Response


def _get_kwargs(
    worker_id: str,
    *,
    body: WorkerHeartbeatRequest,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/v1/workers/{worker_id}/heartbeat".format(
            worker_id=quote(str(worker_id), safe=""),
        ),
    }

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Problem | WorkerDirective:
    if response.status_code == 200:
        response_200 = WorkerDirective.from_dict(response.json())

        return response_200

    response_default = Problem.from_dict(response.json())

    return response_default


def _build_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[Problem | WorkerDirective]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    worker_id: str,
    *,
    client: AuthenticatedClient | Client,
    body: WorkerHeartbeatRequest,
) -> Response[Problem | WorkerDirective]:
    """ Say that a worker lives

     The first call registers it. Keeps all leases that it lists alive, each for its own length,
    and says which jobs to cancel or drop, and whether to stop.

    ```sh
    curl -X POST http://127.0.0.1:5000/v1/workers/web-3/heartbeat -H 'Content-Type: application/json' \\
      -d '{"concurrency":20,"leases":[{"job_id":"01a206c8-d8c7-76c7-bfda-
    d9bb00000001","lease_token":"6f1ed002ab5595859014ebf0951522d9","progress":40.0}],"queues":["mail"],"
    status":"running"}'
    ```

    Args:
        worker_id (str):
        body (WorkerHeartbeatRequest): A sign of life; the first one registers. What is absent
            stays as it was. Example: {'concurrency': 20, 'leases': [{'job_id':
            '01a206c8-d8c7-76c7-bfda-d9bb00000001', 'lease_token': '6f1ed002ab5595859014ebf0951522d9',
            'progress': 40.0}], 'queues': ['mail'], 'status': 'running'}.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Problem | WorkerDirective]
     """

    kwargs = _get_kwargs(
        worker_id=worker_id,
        body=body,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    worker_id: str,
    *,
    client: AuthenticatedClient | Client,
    body: WorkerHeartbeatRequest,
) -> Problem | WorkerDirective | None:
    """ Say that a worker lives

     The first call registers it. Keeps all leases that it lists alive, each for its own length,
    and says which jobs to cancel or drop, and whether to stop.

    ```sh
    curl -X POST http://127.0.0.1:5000/v1/workers/web-3/heartbeat -H 'Content-Type: application/json' \\
      -d '{"concurrency":20,"leases":[{"job_id":"01a206c8-d8c7-76c7-bfda-
    d9bb00000001","lease_token":"6f1ed002ab5595859014ebf0951522d9","progress":40.0}],"queues":["mail"],"
    status":"running"}'
    ```

    Args:
        worker_id (str):
        body (WorkerHeartbeatRequest): A sign of life; the first one registers. What is absent
            stays as it was. Example: {'concurrency': 20, 'leases': [{'job_id':
            '01a206c8-d8c7-76c7-bfda-d9bb00000001', 'lease_token': '6f1ed002ab5595859014ebf0951522d9',
            'progress': 40.0}], 'queues': ['mail'], 'status': 'running'}.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Problem | WorkerDirective
     """

    return sync_detailed(
        worker_id=worker_id,
        client=client,
        body=body,
    ).parsed


async def asyncio_detailed(
    worker_id: str,
    *,
    client: AuthenticatedClient | Client,
    body: WorkerHeartbeatRequest,
) -> Response[Problem | WorkerDirective]:
    """ Say that a worker lives

     The first call registers it. Keeps all leases that it lists alive, each for its own length,
    and says which jobs to cancel or drop, and whether to stop.

    ```sh
    curl -X POST http://127.0.0.1:5000/v1/workers/web-3/heartbeat -H 'Content-Type: application/json' \\
      -d '{"concurrency":20,"leases":[{"job_id":"01a206c8-d8c7-76c7-bfda-
    d9bb00000001","lease_token":"6f1ed002ab5595859014ebf0951522d9","progress":40.0}],"queues":["mail"],"
    status":"running"}'
    ```

    Args:
        worker_id (str):
        body (WorkerHeartbeatRequest): A sign of life; the first one registers. What is absent
            stays as it was. Example: {'concurrency': 20, 'leases': [{'job_id':
            '01a206c8-d8c7-76c7-bfda-d9bb00000001', 'lease_token': '6f1ed002ab5595859014ebf0951522d9',
            'progress': 40.0}], 'queues': ['mail'], 'status': 'running'}.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Problem | WorkerDirective]
     """

    kwargs = _get_kwargs(
        worker_id=worker_id,
        body=body,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    worker_id: str,
    *,
    client: AuthenticatedClient | Client,
    body: WorkerHeartbeatRequest,
) -> Problem | WorkerDirective | None:
    """ Say that a worker lives

     The first call registers it. Keeps all leases that it lists alive, each for its own length,
    and says which jobs to cancel or drop, and whether to stop.

    ```sh
    curl -X POST http://127.0.0.1:5000/v1/workers/web-3/heartbeat -H 'Content-Type: application/json' \\
      -d '{"concurrency":20,"leases":[{"job_id":"01a206c8-d8c7-76c7-bfda-
    d9bb00000001","lease_token":"6f1ed002ab5595859014ebf0951522d9","progress":40.0}],"queues":["mail"],"
    status":"running"}'
    ```

    Args:
        worker_id (str):
        body (WorkerHeartbeatRequest): A sign of life; the first one registers. What is absent
            stays as it was. Example: {'concurrency': 20, 'leases': [{'job_id':
            '01a206c8-d8c7-76c7-bfda-d9bb00000001', 'lease_token': '6f1ed002ab5595859014ebf0951522d9',
            'progress': 40.0}], 'queues': ['mail'], 'status': 'running'}.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Problem | WorkerDirective
     """

    return (
        await asyncio_detailed(
            worker_id=worker_id,
            client=client,
            body=body,
        )
    ).parsed
