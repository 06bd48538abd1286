from http import HTTPStatus
from typing import Any, cast
from urllib.parse import quote

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.classic_error import ClassicError
from ...models.classic_queue_workers import ClassicQueueWorkers
from ...models.classic_worker import ClassicWorker
from ...types import UNSET, Response, Unset


def _get_kwargs(
    queue: str,
    *,
    worker_id: str | Unset = UNSET,
    queue_name: str | Unset = UNSET,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    params["worker_id"] = worker_id

    params["queue_name"] = queue_name

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/w/{queue}".format(
            queue=quote(str(queue), safe=""),
        ),
        "params": params,
    }

    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> ClassicError | ClassicQueueWorkers | ClassicWorker | list[str] | None:
    if response.status_code == 200:

        def _parse_response_200(data: object) -> ClassicQueueWorkers | ClassicWorker | list[str]:
            try:
                if not isinstance(data, list):
                    raise TypeError()
                componentsschemas_classic_workers_type_0 = cast(list[str], data)

                return componentsschemas_classic_workers_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                componentsschemas_classic_workers_type_1 = ClassicWorker.from_dict(data)

                return componentsschemas_classic_workers_type_1
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            if not isinstance(data, dict):
                raise TypeError()
            componentsschemas_classic_workers_type_2 = ClassicQueueWorkers.from_dict(data)

            return componentsschemas_classic_workers_type_2

        response_200 = _parse_response_200(response.json())

        return response_200

    if response.status_code == 400:
        response_400 = ClassicError.from_dict(response.json())

        return response_400

    if response.status_code == 404:
        response_404 = ClassicError.from_dict(response.json())

        return response_404

    if response.status_code == 503:
        response_503 = ClassicError.from_dict(response.json())

        return response_503

    if client.raise_on_unexpected_status:
        raise errors.UnexpectedStatus(response.status_code, response.content)
    else:
        return None


def _build_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[ClassicError | ClassicQueueWorkers | ClassicWorker | list[str]]:
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
    worker_id: str | Unset = UNSET,
    queue_name: str | Unset = UNSET,
) -> Response[ClassicError | ClassicQueueWorkers | ClassicWorker | list[str]]:
    """Show the workers of a queue

     Zeros and no workers for a queue never seen.

    Args:
        queue (str):
        worker_id (str | Unset):
        queue_name (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[ClassicError | ClassicQueueWorkers | ClassicWorker | list[str]]
    """

    kwargs = _get_kwargs(
        queue=queue,
        worker_id=worker_id,
        queue_name=queue_name,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    queue: str,
    *,
    client: AuthenticatedClient | Client,
    worker_id: str | Unset = UNSET,
    queue_name: str | Unset = UNSET,
) -> ClassicError | ClassicQueueWorkers | ClassicWorker | list[str] | None:
    """Show the workers of a queue

     Zeros and no workers for a queue never seen.

    Args:
        queue (str):
        worker_id (str | Unset):
        queue_name (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        ClassicError | ClassicQueueWorkers | ClassicWorker | list[str]
    """

    return sync_detailed(
        queue=queue,
        client=client,
        worker_id=worker_id,
        queue_name=queue_name,
    ).parsed


async def asyncio_detailed(
    queue: str,
    *,
    client: AuthenticatedClient | Client,
    worker_id: str | Unset = UNSET,
    queue_name: str | Unset = UNSET,
) -> Response[ClassicError | ClassicQueueWorkers | ClassicWorker | list[str]]:
    """Show the workers of a queue

     Zeros and no workers for a queue never seen.

    Args:
        queue (str):
        worker_id (str | Unset):
        queue_name (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[ClassicError | ClassicQueueWorkers | ClassicWorker | list[str]]
    """

    kwargs = _get_kwargs(
        queue=queue,
        worker_id=worker_id,
        queue_name=queue_name,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    queue: str,
    *,
    client: AuthenticatedClient | Client,
    worker_id: str | Unset = UNSET,
    queue_name: str | Unset = UNSET,
) -> ClassicError | ClassicQueueWorkers | ClassicWorker | list[str] | None:
    """Show the workers of a queue

     Zeros and no workers for a queue never seen.

    Args:
        queue (str):
        worker_id (str | Unset):
        queue_name (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        ClassicError | ClassicQueueWorkers | ClassicWorker | list[str]
    """

    return (
        await asyncio_detailed(
            queue=queue,
            client=client,
            worker_id=worker_id,
            queue_name=queue_name,
        )
    ).parsed
