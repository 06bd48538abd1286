from http import HTTPStatus
from typing import Any

import httpx

from ...client import AuthenticatedClient, Client
from ...models.batch import Batch
from ...models.new_batch import NewBatch
from ...models.problem import Problem
from ...types import UNSET, Response, Unset


def _get_kwargs(
    *,
    body: NewBatch,
    idempotency_key: str | Unset = UNSET,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if not isinstance(idempotency_key, Unset):
        headers["Idempotency-Key"] = idempotency_key

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/v1/batches",
    }

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Batch | Problem:
    if response.status_code == 201:
        response_201 = Batch.from_dict(response.json())

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


def _build_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Response[Batch | Problem]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient | Client,
    body: NewBatch,
    idempotency_key: str | Unset = UNSET,
) -> Response[Batch | Problem]:
    """ Create a batch

     Enqueues its jobs, which may wait for each other by `depends_on_names`, all of them or none. The
    batch ends when all
    of its jobs have; what is to follow is then enqueued, each at most once. A retry of one of its jobs
    opens it again. A
    job that was there, by its dedup key, is not in it.

    ```sh
    curl -X POST http://127.0.0.1:5000/v1/batches -H 'Content-Type: application/json' \\
      -d '{"jobs":[{"kind":"collect","name":"collect","queue":"reports"},{"depends_on_names":["collect"]
    ,"kind":"render","queue":"reports"}],"name":"monthly
    report","on_success":{"kind":"report_ready","queue":"mail"}}'
    ```

    Args:
        idempotency_key (str | Unset):
        body (NewBatch): Jobs to enqueue and watch together: all of them or none. Example:
            {'jobs': [{'kind': 'collect', 'name': 'collect', 'queue': 'reports'}, {'depends_on_names':
            ['collect'], 'kind': 'render', 'queue': 'reports'}], 'name': 'monthly report',
            'on_success': {'kind': 'report_ready', 'queue': 'mail'}}.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Batch | Problem]
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
    body: NewBatch,
    idempotency_key: str | Unset = UNSET,
) -> Batch | Problem | None:
    """ Create a batch

     Enqueues its jobs, which may wait for each other by `depends_on_names`, all of them or none. The
    batch ends when all
    of its jobs have; what is to follow is then enqueued, each at most once. A retry of one of its jobs
    opens it again. A
    job that was there, by its dedup key, is not in it.

    ```sh
    curl -X POST http://127.0.0.1:5000/v1/batches -H 'Content-Type: application/json' \\
      -d '{"jobs":[{"kind":"collect","name":"collect","queue":"reports"},{"depends_on_names":["collect"]
    ,"kind":"render","queue":"reports"}],"name":"monthly
    report","on_success":{"kind":"report_ready","queue":"mail"}}'
    ```

    Args:
        idempotency_key (str | Unset):
        body (NewBatch): Jobs to enqueue and watch together: all of them or none. Example:
            {'jobs': [{'kind': 'collect', 'name': 'collect', 'queue': 'reports'}, {'depends_on_names':
            ['collect'], 'kind': 'render', 'queue': 'reports'}], 'name': 'monthly report',
            'on_success': {'kind': 'report_ready', 'queue': 'mail'}}.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Batch | Problem
     """

    return sync_detailed(
        client=client,
        body=body,
        idempotency_key=idempotency_key,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient | Client,
    body: NewBatch,
    idempotency_key: str | Unset = UNSET,
) -> Response[Batch | Problem]:
    """ Create a batch

     Enqueues its jobs, which may wait for each other by `depends_on_names`, all of them or none. The
    batch ends when all
    of its jobs have; what is to follow is then enqueued, each at most once. A retry of one of its jobs
    opens it again. A
    job that was there, by its dedup key, is not in it.

    ```sh
    curl -X POST http://127.0.0.1:5000/v1/batches -H 'Content-Type: application/json' \\
      -d '{"jobs":[{"kind":"collect","name":"collect","queue":"reports"},{"depends_on_names":["collect"]
    ,"kind":"render","queue":"reports"}],"name":"monthly
    report","on_success":{"kind":"report_ready","queue":"mail"}}'
    ```

    Args:
        idempotency_key (str | Unset):
        body (NewBatch): Jobs to enqueue and watch together: all of them or none. Example:
            {'jobs': [{'kind': 'collect', 'name': 'collect', 'queue': 'reports'}, {'depends_on_names':
            ['collect'], 'kind': 'render', 'queue': 'reports'}], 'name': 'monthly report',
            'on_success': {'kind': 'report_ready', 'queue': 'mail'}}.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Batch | Problem]
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
    body: NewBatch,
    idempotency_key: str | Unset = UNSET,
) -> Batch | Problem | None:
    """ Create a batch

     Enqueues its jobs, which may wait for each other by `depends_on_names`, all of them or none. The
    batch ends when all
    of its jobs have; what is to follow is then enqueued, each at most once. A retry of one of its jobs
    opens it again. A
    job that was there, by its dedup key, is not in it.

    ```sh
    curl -X POST http://127.0.0.1:5000/v1/batches -H 'Content-Type: application/json' \\
      -d '{"jobs":[{"kind":"collect","name":"collect","queue":"reports"},{"depends_on_names":["collect"]
    ,"kind":"render","queue":"reports"}],"name":"monthly
    report","on_success":{"kind":"report_ready","queue":"mail"}}'
    ```

    Args:
        idempotency_key (str | Unset):
        body (NewBatch): Jobs to enqueue and watch together: all of them or none. Example:
            {'jobs': [{'kind': 'collect', 'name': 'collect', 'queue': 'reports'}, {'depends_on_names':
            ['collect'], 'kind': 'render', 'queue': 'reports'}], 'name': 'monthly report',
            'on_success': {'kind': 'report_ready', 'queue': 'mail'}}.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Batch | Problem
     """

    return (
        await asyncio_detailed(
            client=client,
            body=body,
            idempotency_key=idempotency_key,
        )
    ).parsed
