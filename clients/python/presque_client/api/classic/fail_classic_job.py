from http import HTTPStatus
from typing import Any, cast
from urllib.parse import quote

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.classic_error import ClassicError
from ...types import UNSET, Response, Unset


def _get_kwargs(
    queue: str,
    *,
    body: Any,
    delayed: float | Unset = UNSET,
    uniq: str | Unset = UNSET,
    worker_id: str | Unset = UNSET,
    x_presque_workerid: str | Unset = UNSET,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if not isinstance(x_presque_workerid, Unset):
        headers["X-presque-workerid"] = x_presque_workerid

    params: dict[str, Any] = {}

    params["delayed"] = delayed

    params["uniq"] = uniq

    params["worker_id"] = worker_id

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "put",
        "url": "/q/{queue}".format(
            queue=quote(str(queue), safe=""),
        ),
        "params": params,
    }

    _kwargs["json"] = body

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Any | ClassicError | None:
    if response.status_code == 201:
        response_201 = cast(Any, None)
        return response_201

    if response.status_code == 400:
        response_400 = ClassicError.from_dict(response.json())

        return response_400

    if response.status_code == 413:
        response_413 = ClassicError.from_dict(response.json())

        return response_413

    if response.status_code == 503:
        response_503 = ClassicError.from_dict(response.json())

        return response_503

    if client.raise_on_unexpected_status:
        raise errors.UnexpectedStatus(response.status_code, response.content)
    else:
        return None


def _build_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Response[Any | ClassicError]:
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
    body: Any,
    delayed: float | Unset = UNSET,
    uniq: str | Unset = UNSET,
    worker_id: str | Unset = UNSET,
    x_presque_workerid: str | Unset = UNSET,
) -> Response[Any | ClassicError]:
    """Fail a job and insert it again

     A worker could not do this job: counts a failure for the queue and for the worker, and
    enqueues the body as a new job. The failure is counted also when the job is refused
    because its `uniq` key is taken.

    Args:
        queue (str):
        delayed (float | Unset):
        uniq (str | Unset):
        worker_id (str | Unset):
        x_presque_workerid (str | Unset):
        body (Any):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Any | ClassicError]
    """

    kwargs = _get_kwargs(
        queue=queue,
        body=body,
        delayed=delayed,
        uniq=uniq,
        worker_id=worker_id,
        x_presque_workerid=x_presque_workerid,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    queue: str,
    *,
    client: AuthenticatedClient | Client,
    body: Any,
    delayed: float | Unset = UNSET,
    uniq: str | Unset = UNSET,
    worker_id: str | Unset = UNSET,
    x_presque_workerid: str | Unset = UNSET,
) -> Any | ClassicError | None:
    """Fail a job and insert it again

     A worker could not do this job: counts a failure for the queue and for the worker, and
    enqueues the body as a new job. The failure is counted also when the job is refused
    because its `uniq` key is taken.

    Args:
        queue (str):
        delayed (float | Unset):
        uniq (str | Unset):
        worker_id (str | Unset):
        x_presque_workerid (str | Unset):
        body (Any):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Any | ClassicError
    """

    return sync_detailed(
        queue=queue,
        client=client,
        body=body,
        delayed=delayed,
        uniq=uniq,
        worker_id=worker_id,
        x_presque_workerid=x_presque_workerid,
    ).parsed


async def asyncio_detailed(
    queue: str,
    *,
    client: AuthenticatedClient | Client,
    body: Any,
    delayed: float | Unset = UNSET,
    uniq: str | Unset = UNSET,
    worker_id: str | Unset = UNSET,
    x_presque_workerid: str | Unset = UNSET,
) -> Response[Any | ClassicError]:
    """Fail a job and insert it again

     A worker could not do this job: counts a failure for the queue and for the worker, and
    enqueues the body as a new job. The failure is counted also when the job is refused
    because its `uniq` key is taken.

    Args:
        queue (str):
        delayed (float | Unset):
        uniq (str | Unset):
        worker_id (str | Unset):
        x_presque_workerid (str | Unset):
        body (Any):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Any | ClassicError]
    """

    kwargs = _get_kwargs(
        queue=queue,
        body=body,
        delayed=delayed,
        uniq=uniq,
        worker_id=worker_id,
        x_presque_workerid=x_presque_workerid,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    queue: str,
    *,
    client: AuthenticatedClient | Client,
    body: Any,
    delayed: float | Unset = UNSET,
    uniq: str | Unset = UNSET,
    worker_id: str | Unset = UNSET,
    x_presque_workerid: str | Unset = UNSET,
) -> Any | ClassicError | None:
    """Fail a job and insert it again

     A worker could not do this job: counts a failure for the queue and for the worker, and
    enqueues the body as a new job. The failure is counted also when the job is refused
    because its `uniq` key is taken.

    Args:
        queue (str):
        delayed (float | Unset):
        uniq (str | Unset):
        worker_id (str | Unset):
        x_presque_workerid (str | Unset):
        body (Any):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Any | ClassicError
    """

    return (
        await asyncio_detailed(
            queue=queue,
            client=client,
            body=body,
            delayed=delayed,
            uniq=uniq,
            worker_id=worker_id,
            x_presque_workerid=x_presque_workerid,
        )
    ).parsed
