from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx

from ...client import AuthenticatedClient, Client
from ...models.pause_queue_request import PauseQueueRequest
from ...models.problem import Problem
from ...models.queue import Queue
from ...types import Response


def _get_kwargs(
    queue: str,
    *,
    body: PauseQueueRequest,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/v1/queues/{queue}/pause".format(
            queue=quote(str(queue), safe=""),
        ),
    }

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Problem | Queue:
    if response.status_code == 200:
        response_200 = Queue.from_dict(response.json())

        return response_200

    if response.status_code == 404:
        response_404 = Problem.from_dict(response.json())

        return response_404

    response_default = Problem.from_dict(response.json())

    return response_default


def _build_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Response[Problem | Queue]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    queue: str,
    *,
    client: AuthenticatedClient | Client,
    body: PauseQueueRequest,
) -> Response[Problem | Queue]:
    """ Pause a queue

     It takes jobs and hands none out; running ones go on. Safe to repeat: the reason and the
    end are those of the last call.

    ```sh
    curl -X POST http://127.0.0.1:5000/v1/queues/mail/pause -H 'Content-Type: application/json' \\
      -d '{"reason":"smtp is down","resume_after_ms":600000}'
    ```

    Args:
        queue (str):
        body (PauseQueueRequest): For how long, and why. Example: {'reason': 'smtp is down',
            'resume_after_ms': 600000}.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Problem | Queue]
     """

    kwargs = _get_kwargs(
        queue=queue,
        body=body,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    queue: str,
    *,
    client: AuthenticatedClient | Client,
    body: PauseQueueRequest,
) -> Problem | Queue | None:
    """ Pause a queue

     It takes jobs and hands none out; running ones go on. Safe to repeat: the reason and the
    end are those of the last call.

    ```sh
    curl -X POST http://127.0.0.1:5000/v1/queues/mail/pause -H 'Content-Type: application/json' \\
      -d '{"reason":"smtp is down","resume_after_ms":600000}'
    ```

    Args:
        queue (str):
        body (PauseQueueRequest): For how long, and why. Example: {'reason': 'smtp is down',
            'resume_after_ms': 600000}.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Problem | Queue
     """

    return sync_detailed(
        queue=queue,
        client=client,
        body=body,
    ).parsed


async def asyncio_detailed(
    queue: str,
    *,
    client: AuthenticatedClient | Client,
    body: PauseQueueRequest,
) -> Response[Problem | Queue]:
    """ Pause a queue

     It takes jobs and hands none out; running ones go on. Safe to repeat: the reason and the
    end are those of the last call.

    ```sh
    curl -X POST http://127.0.0.1:5000/v1/queues/mail/pause -H 'Content-Type: application/json' \\
      -d '{"reason":"smtp is down","resume_after_ms":600000}'
    ```

    Args:
        queue (str):
        body (PauseQueueRequest): For how long, and why. Example: {'reason': 'smtp is down',
            'resume_after_ms': 600000}.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Problem | Queue]
     """

    kwargs = _get_kwargs(
        queue=queue,
        body=body,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    queue: str,
    *,
    client: AuthenticatedClient | Client,
    body: PauseQueueRequest,
) -> Problem | Queue | None:
    """ Pause a queue

     It takes jobs and hands none out; running ones go on. Safe to repeat: the reason and the
    end are those of the last call.

    ```sh
    curl -X POST http://127.0.0.1:5000/v1/queues/mail/pause -H 'Content-Type: application/json' \\
      -d '{"reason":"smtp is down","resume_after_ms":600000}'
    ```

    Args:
        queue (str):
        body (PauseQueueRequest): For how long, and why. Example: {'reason': 'smtp is down',
            'resume_after_ms': 600000}.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Problem | Queue
     """

    return (
        await asyncio_detailed(
            queue=queue,
            client=client,
            body=body,
        )
    ).parsed
