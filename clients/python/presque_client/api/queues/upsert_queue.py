from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx

from ...client import AuthenticatedClient, Client
from ...models.problem import Problem
from ...models.queue import Queue
from ...models.upsert_queue_request import UpsertQueueRequest
from ...types import UNSET, Response, Unset


def _get_kwargs(
    queue: str,
    *,
    body: UpsertQueueRequest,
    dry_run: bool | Unset = UNSET,
    if_match: str | Unset = UNSET,
    if_none_match: str | Unset = UNSET,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if not isinstance(if_match, Unset):
        headers["If-Match"] = if_match

    if not isinstance(if_none_match, Unset):
        headers["If-None-Match"] = if_none_match

    params: dict[str, Any] = {}

    params["dry_run"] = dry_run

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "patch",
        "url": "/v1/queues/{queue}".format(
            queue=quote(str(queue), safe=""),
        ),
        "params": params,
    }

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Problem | Queue:
    if response.status_code == 200:
        response_200 = Queue.from_dict(response.json())

        return response_200

    if response.status_code == 201:
        response_201 = Queue.from_dict(response.json())

        return response_201

    if response.status_code == 409:
        response_409 = Problem.from_dict(response.json())

        return response_409

    if response.status_code == 412:
        response_412 = Problem.from_dict(response.json())

        return response_412

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
    body: UpsertQueueRequest,
    dry_run: bool | Unset = UNSET,
    if_match: str | Unset = UNSET,
    if_none_match: str | Unset = UNSET,
) -> Response[Problem | Queue]:
    """ Set up a queue

     Makes it if it is not there. What is absent stays as it is, or has its default in a new one.
    A change holds for jobs that are not claimed yet. With `dry_run` nothing is written: the
    answer is what the queue would be.

    ```sh
    curl -X PATCH http://127.0.0.1:5000/v1/queues/mail -H 'Content-Type: application/json' \\
      -d '{"dead_letter_queue":"mail-dead","lease_ms":30000,"max_attempts":5}'
    ```

    Args:
        queue (str):
        dry_run (bool | Unset):
        if_match (str | Unset):
        if_none_match (str | Unset):
        body (UpsertQueueRequest): Settings of a queue; what is absent stays as it is.
            `QueuePolicy` says what each means. Example: {'dead_letter_queue': 'mail-dead',
            'lease_ms': 30000, 'max_attempts': 5}.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Problem | Queue]
     """

    kwargs = _get_kwargs(
        queue=queue,
        body=body,
        dry_run=dry_run,
        if_match=if_match,
        if_none_match=if_none_match,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    queue: str,
    *,
    client: AuthenticatedClient | Client,
    body: UpsertQueueRequest,
    dry_run: bool | Unset = UNSET,
    if_match: str | Unset = UNSET,
    if_none_match: str | Unset = UNSET,
) -> Problem | Queue | None:
    """ Set up a queue

     Makes it if it is not there. What is absent stays as it is, or has its default in a new one.
    A change holds for jobs that are not claimed yet. With `dry_run` nothing is written: the
    answer is what the queue would be.

    ```sh
    curl -X PATCH http://127.0.0.1:5000/v1/queues/mail -H 'Content-Type: application/json' \\
      -d '{"dead_letter_queue":"mail-dead","lease_ms":30000,"max_attempts":5}'
    ```

    Args:
        queue (str):
        dry_run (bool | Unset):
        if_match (str | Unset):
        if_none_match (str | Unset):
        body (UpsertQueueRequest): Settings of a queue; what is absent stays as it is.
            `QueuePolicy` says what each means. Example: {'dead_letter_queue': 'mail-dead',
            'lease_ms': 30000, 'max_attempts': 5}.

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
        dry_run=dry_run,
        if_match=if_match,
        if_none_match=if_none_match,
    ).parsed


async def asyncio_detailed(
    queue: str,
    *,
    client: AuthenticatedClient | Client,
    body: UpsertQueueRequest,
    dry_run: bool | Unset = UNSET,
    if_match: str | Unset = UNSET,
    if_none_match: str | Unset = UNSET,
) -> Response[Problem | Queue]:
    """ Set up a queue

     Makes it if it is not there. What is absent stays as it is, or has its default in a new one.
    A change holds for jobs that are not claimed yet. With `dry_run` nothing is written: the
    answer is what the queue would be.

    ```sh
    curl -X PATCH http://127.0.0.1:5000/v1/queues/mail -H 'Content-Type: application/json' \\
      -d '{"dead_letter_queue":"mail-dead","lease_ms":30000,"max_attempts":5}'
    ```

    Args:
        queue (str):
        dry_run (bool | Unset):
        if_match (str | Unset):
        if_none_match (str | Unset):
        body (UpsertQueueRequest): Settings of a queue; what is absent stays as it is.
            `QueuePolicy` says what each means. Example: {'dead_letter_queue': 'mail-dead',
            'lease_ms': 30000, 'max_attempts': 5}.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Problem | Queue]
     """

    kwargs = _get_kwargs(
        queue=queue,
        body=body,
        dry_run=dry_run,
        if_match=if_match,
        if_none_match=if_none_match,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    queue: str,
    *,
    client: AuthenticatedClient | Client,
    body: UpsertQueueRequest,
    dry_run: bool | Unset = UNSET,
    if_match: str | Unset = UNSET,
    if_none_match: str | Unset = UNSET,
) -> Problem | Queue | None:
    """ Set up a queue

     Makes it if it is not there. What is absent stays as it is, or has its default in a new one.
    A change holds for jobs that are not claimed yet. With `dry_run` nothing is written: the
    answer is what the queue would be.

    ```sh
    curl -X PATCH http://127.0.0.1:5000/v1/queues/mail -H 'Content-Type: application/json' \\
      -d '{"dead_letter_queue":"mail-dead","lease_ms":30000,"max_attempts":5}'
    ```

    Args:
        queue (str):
        dry_run (bool | Unset):
        if_match (str | Unset):
        if_none_match (str | Unset):
        body (UpsertQueueRequest): Settings of a queue; what is absent stays as it is.
            `QueuePolicy` says what each means. Example: {'dead_letter_queue': 'mail-dead',
            'lease_ms': 30000, 'max_attempts': 5}.

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
            dry_run=dry_run,
            if_match=if_match,
            if_none_match=if_none_match,
        )
    ).parsed
