from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx

from ...client import AuthenticatedClient, Client
from ...models.enqueue_result import EnqueueResult
from ...models.new_job import NewJob
from ...models.problem import Problem
from ...types import UNSET, Response, Unset


def _get_kwargs(
    queue: str,
    *,
    body: NewJob,
    idempotency_key: str | Unset = UNSET,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if not isinstance(idempotency_key, Unset):
        headers["Idempotency-Key"] = idempotency_key

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/v1/queues/{queue}/jobs".format(
            queue=quote(str(queue), safe=""),
        ),
    }

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> EnqueueResult | Problem:
    if response.status_code == 200:
        response_200 = EnqueueResult.from_dict(response.json())

        return response_200

    if response.status_code == 201:
        response_201 = EnqueueResult.from_dict(response.json())

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
) -> Response[EnqueueResult | Problem]:
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
    body: NewJob,
    idempotency_key: str | Unset = UNSET,
) -> Response[EnqueueResult | Problem]:
    """ Enqueue a job

     When the answer is sent, the job is committed. With an `Idempotency-Key` the call can be
    repeated safely for 24 hours: the answer is the same, with `Idempotency-Replayed: true`.

    ```sh
    curl -X POST http://127.0.0.1:5000/v1/queues/mail/jobs -H 'Content-Type: application/json' \\
      -d '{"dedup_key":"welcome:17","kind":"welcome","payload":{"user_id":17},"tags":["tenant:9"]}'
    ```

    Args:
        queue (str):
        idempotency_key (str | Unset):
        body (NewJob): A job to enqueue. What is absent, its queue decides. Example: {'dedup_key':
            'welcome:17', 'kind': 'welcome', 'payload': {'user_id': 17}, 'tags': ['tenant:9']}.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[EnqueueResult | Problem]
     """

    kwargs = _get_kwargs(
        queue=queue,
        body=body,
        idempotency_key=idempotency_key,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    queue: str,
    *,
    client: AuthenticatedClient | Client,
    body: NewJob,
    idempotency_key: str | Unset = UNSET,
) -> EnqueueResult | Problem | None:
    """ Enqueue a job

     When the answer is sent, the job is committed. With an `Idempotency-Key` the call can be
    repeated safely for 24 hours: the answer is the same, with `Idempotency-Replayed: true`.

    ```sh
    curl -X POST http://127.0.0.1:5000/v1/queues/mail/jobs -H 'Content-Type: application/json' \\
      -d '{"dedup_key":"welcome:17","kind":"welcome","payload":{"user_id":17},"tags":["tenant:9"]}'
    ```

    Args:
        queue (str):
        idempotency_key (str | Unset):
        body (NewJob): A job to enqueue. What is absent, its queue decides. Example: {'dedup_key':
            'welcome:17', 'kind': 'welcome', 'payload': {'user_id': 17}, 'tags': ['tenant:9']}.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        EnqueueResult | Problem
     """

    return sync_detailed(
        queue=queue,
        client=client,
        body=body,
        idempotency_key=idempotency_key,
    ).parsed


async def asyncio_detailed(
    queue: str,
    *,
    client: AuthenticatedClient | Client,
    body: NewJob,
    idempotency_key: str | Unset = UNSET,
) -> Response[EnqueueResult | Problem]:
    """ Enqueue a job

     When the answer is sent, the job is committed. With an `Idempotency-Key` the call can be
    repeated safely for 24 hours: the answer is the same, with `Idempotency-Replayed: true`.

    ```sh
    curl -X POST http://127.0.0.1:5000/v1/queues/mail/jobs -H 'Content-Type: application/json' \\
      -d '{"dedup_key":"welcome:17","kind":"welcome","payload":{"user_id":17},"tags":["tenant:9"]}'
    ```

    Args:
        queue (str):
        idempotency_key (str | Unset):
        body (NewJob): A job to enqueue. What is absent, its queue decides. Example: {'dedup_key':
            'welcome:17', 'kind': 'welcome', 'payload': {'user_id': 17}, 'tags': ['tenant:9']}.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[EnqueueResult | Problem]
     """

    kwargs = _get_kwargs(
        queue=queue,
        body=body,
        idempotency_key=idempotency_key,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    queue: str,
    *,
    client: AuthenticatedClient | Client,
    body: NewJob,
    idempotency_key: str | Unset = UNSET,
) -> EnqueueResult | Problem | None:
    """ Enqueue a job

     When the answer is sent, the job is committed. With an `Idempotency-Key` the call can be
    repeated safely for 24 hours: the answer is the same, with `Idempotency-Replayed: true`.

    ```sh
    curl -X POST http://127.0.0.1:5000/v1/queues/mail/jobs -H 'Content-Type: application/json' \\
      -d '{"dedup_key":"welcome:17","kind":"welcome","payload":{"user_id":17},"tags":["tenant:9"]}'
    ```

    Args:
        queue (str):
        idempotency_key (str | Unset):
        body (NewJob): A job to enqueue. What is absent, its queue decides. Example: {'dedup_key':
            'welcome:17', 'kind': 'welcome', 'payload': {'user_id': 17}, 'tags': ['tenant:9']}.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        EnqueueResult | Problem
     """

    return (
        await asyncio_detailed(
            queue=queue,
            client=client,
            body=body,
            idempotency_key=idempotency_key,
        )
    ).parsed
