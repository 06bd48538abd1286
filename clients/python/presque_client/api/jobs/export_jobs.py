import datetime
from http import HTTPStatus
from typing import Any
from uuid import UUID

import httpx

from ...client import AuthenticatedClient, Client
from ...models.job_state import JobState
from ...models.problem import Problem
from ...types import UNSET, Response, Unset


def _get_kwargs(
    *,
    id: list[UUID] | Unset = UNSET,
    queue: list[str] | Unset = UNSET,
    kind: list[str] | Unset = UNSET,
    state: list[JobState] | Unset = UNSET,
    tag: list[str] | Unset = UNSET,
    schedule_id: str | Unset = UNSET,
    batch_id: UUID | Unset = UNSET,
    worker_id: str | Unset = UNSET,
    error_class: str | Unset = UNSET,
    error_fingerprint: str | Unset = UNSET,
    created_after: datetime.datetime | Unset = UNSET,
    created_before: datetime.datetime | Unset = UNSET,
    finished_after: datetime.datetime | Unset = UNSET,
    finished_before: datetime.datetime | Unset = UNSET,
    payload: str | Unset = UNSET,
    q: str | Unset = UNSET,
    include: list[str] | Unset = UNSET,
    limit: int | Unset = UNSET,
    format_: str | Unset = UNSET,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    json_id: list[str] | Unset = UNSET
    if not isinstance(id, Unset):
        json_id = []
        for id_item_data in id:
            id_item = str(id_item_data)
            json_id.append(id_item)

    params["id"] = json_id

    json_queue: list[str] | Unset = UNSET
    if not isinstance(queue, Unset):
        json_queue = queue

    params["queue"] = json_queue

    json_kind: list[str] | Unset = UNSET
    if not isinstance(kind, Unset):
        json_kind = kind

    params["kind"] = json_kind

    json_state: list[str] | Unset = UNSET
    if not isinstance(state, Unset):
        json_state = []
        for state_item_data in state:
            state_item = state_item_data.value
            json_state.append(state_item)

    params["state"] = json_state

    json_tag: list[str] | Unset = UNSET
    if not isinstance(tag, Unset):
        json_tag = tag

    params["tag"] = json_tag

    params["schedule_id"] = schedule_id

    json_batch_id: str | Unset = UNSET
    if not isinstance(batch_id, Unset):
        json_batch_id = str(batch_id)
    params["batch_id"] = json_batch_id

    params["worker_id"] = worker_id

    params["error_class"] = error_class

    params["error_fingerprint"] = error_fingerprint

    json_created_after: str | Unset = UNSET
    if not isinstance(created_after, Unset):
        json_created_after = created_after.isoformat()
    params["created_after"] = json_created_after

    json_created_before: str | Unset = UNSET
    if not isinstance(created_before, Unset):
        json_created_before = created_before.isoformat()
    params["created_before"] = json_created_before

    json_finished_after: str | Unset = UNSET
    if not isinstance(finished_after, Unset):
        json_finished_after = finished_after.isoformat()
    params["finished_after"] = json_finished_after

    json_finished_before: str | Unset = UNSET
    if not isinstance(finished_before, Unset):
        json_finished_before = finished_before.isoformat()
    params["finished_before"] = json_finished_before

    params["payload"] = payload

    params["q"] = q

    json_include: list[str] | Unset = UNSET
    if not isinstance(include, Unset):
        json_include = include

    params["include"] = json_include

    params["limit"] = limit

    params["format"] = format_

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/v1/jobs/export",
        "params": params,
    }

    return _kwargs


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Problem | str:
    if response.status_code == 200:
        response_200 = response.text
        return response_200

    if response.status_code == 400:
        response_400 = Problem.from_dict(response.json())

        return response_400

    if response.status_code == 503:
        response_503 = Problem.from_dict(response.json())

        return response_503

    response_default = Problem.from_dict(response.json())

    return response_default


def _build_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Response[Problem | str]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient | Client,
    id: list[UUID] | Unset = UNSET,
    queue: list[str] | Unset = UNSET,
    kind: list[str] | Unset = UNSET,
    state: list[JobState] | Unset = UNSET,
    tag: list[str] | Unset = UNSET,
    schedule_id: str | Unset = UNSET,
    batch_id: UUID | Unset = UNSET,
    worker_id: str | Unset = UNSET,
    error_class: str | Unset = UNSET,
    error_fingerprint: str | Unset = UNSET,
    created_after: datetime.datetime | Unset = UNSET,
    created_before: datetime.datetime | Unset = UNSET,
    finished_after: datetime.datetime | Unset = UNSET,
    finished_before: datetime.datetime | Unset = UNSET,
    payload: str | Unset = UNSET,
    q: str | Unset = UNSET,
    include: list[str] | Unset = UNSET,
    limit: int | Unset = UNSET,
    format_: str | Unset = UNSET,
) -> Response[Problem | str]:
    """Export jobs

     All jobs that pass the filters of `list_jobs`, the newest first, as a stream: a job a line as JSON,
    or CSV with a
    line of names. Jobs that were there throughout are neither lost nor repeated. A stream that breaks
    off ends
    without its last chunk, which HTTP clients report as an error: what came is not all then. At most
    four exports of a
    server run at once.

    ```sh
    curl http://127.0.0.1:5000/v1/jobs/export
    ```

    Args:
        id (list[UUID] | Unset):
        queue (list[str] | Unset):
        kind (list[str] | Unset):
        state (list[JobState] | Unset):
        tag (list[str] | Unset):
        schedule_id (str | Unset):
        batch_id (UUID | Unset):
        worker_id (str | Unset):
        error_class (str | Unset):
        error_fingerprint (str | Unset):
        created_after (datetime.datetime | Unset):
        created_before (datetime.datetime | Unset):
        finished_after (datetime.datetime | Unset):
        finished_before (datetime.datetime | Unset):
        payload (str | Unset):
        q (str | Unset):
        include (list[str] | Unset):
        limit (int | Unset):
        format_ (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Problem | str]
    """

    kwargs = _get_kwargs(
        id=id,
        queue=queue,
        kind=kind,
        state=state,
        tag=tag,
        schedule_id=schedule_id,
        batch_id=batch_id,
        worker_id=worker_id,
        error_class=error_class,
        error_fingerprint=error_fingerprint,
        created_after=created_after,
        created_before=created_before,
        finished_after=finished_after,
        finished_before=finished_before,
        payload=payload,
        q=q,
        include=include,
        limit=limit,
        format_=format_,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    *,
    client: AuthenticatedClient | Client,
    id: list[UUID] | Unset = UNSET,
    queue: list[str] | Unset = UNSET,
    kind: list[str] | Unset = UNSET,
    state: list[JobState] | Unset = UNSET,
    tag: list[str] | Unset = UNSET,
    schedule_id: str | Unset = UNSET,
    batch_id: UUID | Unset = UNSET,
    worker_id: str | Unset = UNSET,
    error_class: str | Unset = UNSET,
    error_fingerprint: str | Unset = UNSET,
    created_after: datetime.datetime | Unset = UNSET,
    created_before: datetime.datetime | Unset = UNSET,
    finished_after: datetime.datetime | Unset = UNSET,
    finished_before: datetime.datetime | Unset = UNSET,
    payload: str | Unset = UNSET,
    q: str | Unset = UNSET,
    include: list[str] | Unset = UNSET,
    limit: int | Unset = UNSET,
    format_: str | Unset = UNSET,
) -> Problem | str | None:
    """Export jobs

     All jobs that pass the filters of `list_jobs`, the newest first, as a stream: a job a line as JSON,
    or CSV with a
    line of names. Jobs that were there throughout are neither lost nor repeated. A stream that breaks
    off ends
    without its last chunk, which HTTP clients report as an error: what came is not all then. At most
    four exports of a
    server run at once.

    ```sh
    curl http://127.0.0.1:5000/v1/jobs/export
    ```

    Args:
        id (list[UUID] | Unset):
        queue (list[str] | Unset):
        kind (list[str] | Unset):
        state (list[JobState] | Unset):
        tag (list[str] | Unset):
        schedule_id (str | Unset):
        batch_id (UUID | Unset):
        worker_id (str | Unset):
        error_class (str | Unset):
        error_fingerprint (str | Unset):
        created_after (datetime.datetime | Unset):
        created_before (datetime.datetime | Unset):
        finished_after (datetime.datetime | Unset):
        finished_before (datetime.datetime | Unset):
        payload (str | Unset):
        q (str | Unset):
        include (list[str] | Unset):
        limit (int | Unset):
        format_ (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Problem | str
    """

    return sync_detailed(
        client=client,
        id=id,
        queue=queue,
        kind=kind,
        state=state,
        tag=tag,
        schedule_id=schedule_id,
        batch_id=batch_id,
        worker_id=worker_id,
        error_class=error_class,
        error_fingerprint=error_fingerprint,
        created_after=created_after,
        created_before=created_before,
        finished_after=finished_after,
        finished_before=finished_before,
        payload=payload,
        q=q,
        include=include,
        limit=limit,
        format_=format_,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient | Client,
    id: list[UUID] | Unset = UNSET,
    queue: list[str] | Unset = UNSET,
    kind: list[str] | Unset = UNSET,
    state: list[JobState] | Unset = UNSET,
    tag: list[str] | Unset = UNSET,
    schedule_id: str | Unset = UNSET,
    batch_id: UUID | Unset = UNSET,
    worker_id: str | Unset = UNSET,
    error_class: str | Unset = UNSET,
    error_fingerprint: str | Unset = UNSET,
    created_after: datetime.datetime | Unset = UNSET,
    created_before: datetime.datetime | Unset = UNSET,
    finished_after: datetime.datetime | Unset = UNSET,
    finished_before: datetime.datetime | Unset = UNSET,
    payload: str | Unset = UNSET,
    q: str | Unset = UNSET,
    include: list[str] | Unset = UNSET,
    limit: int | Unset = UNSET,
    format_: str | Unset = UNSET,
) -> Response[Problem | str]:
    """Export jobs

     All jobs that pass the filters of `list_jobs`, the newest first, as a stream: a job a line as JSON,
    or CSV with a
    line of names. Jobs that were there throughout are neither lost nor repeated. A stream that breaks
    off ends
    without its last chunk, which HTTP clients report as an error: what came is not all then. At most
    four exports of a
    server run at once.

    ```sh
    curl http://127.0.0.1:5000/v1/jobs/export
    ```

    Args:
        id (list[UUID] | Unset):
        queue (list[str] | Unset):
        kind (list[str] | Unset):
        state (list[JobState] | Unset):
        tag (list[str] | Unset):
        schedule_id (str | Unset):
        batch_id (UUID | Unset):
        worker_id (str | Unset):
        error_class (str | Unset):
        error_fingerprint (str | Unset):
        created_after (datetime.datetime | Unset):
        created_before (datetime.datetime | Unset):
        finished_after (datetime.datetime | Unset):
        finished_before (datetime.datetime | Unset):
        payload (str | Unset):
        q (str | Unset):
        include (list[str] | Unset):
        limit (int | Unset):
        format_ (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Problem | str]
    """

    kwargs = _get_kwargs(
        id=id,
        queue=queue,
        kind=kind,
        state=state,
        tag=tag,
        schedule_id=schedule_id,
        batch_id=batch_id,
        worker_id=worker_id,
        error_class=error_class,
        error_fingerprint=error_fingerprint,
        created_after=created_after,
        created_before=created_before,
        finished_after=finished_after,
        finished_before=finished_before,
        payload=payload,
        q=q,
        include=include,
        limit=limit,
        format_=format_,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient | Client,
    id: list[UUID] | Unset = UNSET,
    queue: list[str] | Unset = UNSET,
    kind: list[str] | Unset = UNSET,
    state: list[JobState] | Unset = UNSET,
    tag: list[str] | Unset = UNSET,
    schedule_id: str | Unset = UNSET,
    batch_id: UUID | Unset = UNSET,
    worker_id: str | Unset = UNSET,
    error_class: str | Unset = UNSET,
    error_fingerprint: str | Unset = UNSET,
    created_after: datetime.datetime | Unset = UNSET,
    created_before: datetime.datetime | Unset = UNSET,
    finished_after: datetime.datetime | Unset = UNSET,
    finished_before: datetime.datetime | Unset = UNSET,
    payload: str | Unset = UNSET,
    q: str | Unset = UNSET,
    include: list[str] | Unset = UNSET,
    limit: int | Unset = UNSET,
    format_: str | Unset = UNSET,
) -> Problem | str | None:
    """Export jobs

     All jobs that pass the filters of `list_jobs`, the newest first, as a stream: a job a line as JSON,
    or CSV with a
    line of names. Jobs that were there throughout are neither lost nor repeated. A stream that breaks
    off ends
    without its last chunk, which HTTP clients report as an error: what came is not all then. At most
    four exports of a
    server run at once.

    ```sh
    curl http://127.0.0.1:5000/v1/jobs/export
    ```

    Args:
        id (list[UUID] | Unset):
        queue (list[str] | Unset):
        kind (list[str] | Unset):
        state (list[JobState] | Unset):
        tag (list[str] | Unset):
        schedule_id (str | Unset):
        batch_id (UUID | Unset):
        worker_id (str | Unset):
        error_class (str | Unset):
        error_fingerprint (str | Unset):
        created_after (datetime.datetime | Unset):
        created_before (datetime.datetime | Unset):
        finished_after (datetime.datetime | Unset):
        finished_before (datetime.datetime | Unset):
        payload (str | Unset):
        q (str | Unset):
        include (list[str] | Unset):
        limit (int | Unset):
        format_ (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Problem | str
    """

    return (
        await asyncio_detailed(
            client=client,
            id=id,
            queue=queue,
            kind=kind,
            state=state,
            tag=tag,
            schedule_id=schedule_id,
            batch_id=batch_id,
            worker_id=worker_id,
            error_class=error_class,
            error_fingerprint=error_fingerprint,
            created_after=created_after,
            created_before=created_before,
            finished_after=finished_after,
            finished_before=finished_before,
            payload=payload,
            q=q,
            include=include,
            limit=limit,
            format_=format_,
        )
    ).parsed
