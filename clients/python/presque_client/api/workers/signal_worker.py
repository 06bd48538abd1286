from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx

from ...client import AuthenticatedClient, Client
from ...models.problem import Problem
from ...models.signal_worker_request import SignalWorkerRequest
from ...models.worker import Worker
from ...types import Response


def _get_kwargs(
    worker_id: str,
    *,
    body: SignalWorkerRequest,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/v1/workers/{worker_id}/signal".format(
            worker_id=quote(str(worker_id), safe=""),
        ),
    }

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Problem | Worker:
    if response.status_code == 200:
        response_200 = Worker.from_dict(response.json())

        return response_200

    if response.status_code == 404:
        response_404 = Problem.from_dict(response.json())

        return response_404

    response_default = Problem.from_dict(response.json())

    return response_default


def _build_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Response[Problem | Worker]:
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
    body: SignalWorkerRequest,
) -> Response[Problem | Worker]:
    """ Signal a worker

     It hears it at its next heartbeat, within 15 seconds.

    ```sh
    curl -X POST http://127.0.0.1:5000/v1/workers/web-3/signal -H 'Content-Type: application/json' \\
      -d '{"signal":"quiet"}'
    ```

    Args:
        worker_id (str):
        body (SignalWorkerRequest): What a worker should do from its next beat on. Example:
            {'signal': 'quiet'}.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Problem | Worker]
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
    body: SignalWorkerRequest,
) -> Problem | Worker | None:
    """ Signal a worker

     It hears it at its next heartbeat, within 15 seconds.

    ```sh
    curl -X POST http://127.0.0.1:5000/v1/workers/web-3/signal -H 'Content-Type: application/json' \\
      -d '{"signal":"quiet"}'
    ```

    Args:
        worker_id (str):
        body (SignalWorkerRequest): What a worker should do from its next beat on. Example:
            {'signal': 'quiet'}.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Problem | Worker
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
    body: SignalWorkerRequest,
) -> Response[Problem | Worker]:
    """ Signal a worker

     It hears it at its next heartbeat, within 15 seconds.

    ```sh
    curl -X POST http://127.0.0.1:5000/v1/workers/web-3/signal -H 'Content-Type: application/json' \\
      -d '{"signal":"quiet"}'
    ```

    Args:
        worker_id (str):
        body (SignalWorkerRequest): What a worker should do from its next beat on. Example:
            {'signal': 'quiet'}.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Problem | Worker]
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
    body: SignalWorkerRequest,
) -> Problem | Worker | None:
    """ Signal a worker

     It hears it at its next heartbeat, within 15 seconds.

    ```sh
    curl -X POST http://127.0.0.1:5000/v1/workers/web-3/signal -H 'Content-Type: application/json' \\
      -d '{"signal":"quiet"}'
    ```

    Args:
        worker_id (str):
        body (SignalWorkerRequest): What a worker should do from its next beat on. Example:
            {'signal': 'quiet'}.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Problem | Worker
     """

    return (
        await asyncio_detailed(
            worker_id=worker_id,
            client=client,
            body=body,
        )
    ).parsed
