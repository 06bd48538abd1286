import datetime
from http import HTTPStatus
from typing import Any
from uuid import UUID

import httpx

from ...client import AuthenticatedClient, Client
from ...models.job_page import JobPage
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
    sort: str | Unset = UNSET,
    include: list[str] | Unset = UNSET,
    limit: int | Unset = UNSET,
    cursor: str | Unset = UNSET,
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

    params["sort"] = sort

    json_include: list[str] | Unset = UNSET
    if not isinstance(include, Unset):
        json_include = include

    params["include"] = json_include

    params["limit"] = limit

    params["cursor"] = cursor

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/v1/jobs",
        "params": params,
    }

    return _kwargs


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> JobPage | Problem:
    if response.status_code == 200:
        response_200 = JobPage.from_dict(response.json())

        return response_200

    if response.status_code == 400:
        response_400 = Problem.from_dict(response.json())

        return response_400

    response_default = Problem.from_dict(response.json())

    return response_default


def _build_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Response[JobPage | Problem]:
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
    sort: str | Unset = UNSET,
    include: list[str] | Unset = UNSET,
    limit: int | Unset = UNSET,
    cursor: str | Unset = UNSET,
) -> Response[JobPage | Problem]:
    """List jobs

     Filters are combined: all of them must hold; of several values of one, any (of `tag`:
    all). Pages neither lose nor repeat a job that was there throughout, whatever is written
    meanwhile. There are no totals: a queue's counts are in `get_queue`.

    ```sh
    curl http://127.0.0.1:5000/v1/jobs
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
        sort (str | Unset):
        include (list[str] | Unset):
        limit (int | Unset):
        cursor (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[JobPage | Problem]
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
        sort=sort,
        include=include,
        limit=limit,
        cursor=cursor,
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
    sort: str | Unset = UNSET,
    include: list[str] | Unset = UNSET,
    limit: int | Unset = UNSET,
    cursor: str | Unset = UNSET,
) -> JobPage | Problem | None:
    """List jobs

     Filters are combined: all of them must hold; of several values of one, any (of `tag`:
    all). Pages neither lose nor repeat a job that was there throughout, whatever is written
    meanwhile. There are no totals: a queue's counts are in `get_queue`.

    ```sh
    curl http://127.0.0.1:5000/v1/jobs
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
        sort (str | Unset):
        include (list[str] | Unset):
        limit (int | Unset):
        cursor (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        JobPage | Problem
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
        sort=sort,
        include=include,
        limit=limit,
        cursor=cursor,
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
    sort: str | Unset = UNSET,
    include: list[str] | Unset = UNSET,
    limit: int | Unset = UNSET,
    cursor: str | Unset = UNSET,
) -> Response[JobPage | Problem]:
    """List jobs

     Filters are combined: all of them must hold; of several values of one, any (of `tag`:
    all). Pages neither lose nor repeat a job that was there throughout, whatever is written
    meanwhile. There are no totals: a queue's counts are in `get_queue`.

    ```sh
    curl http://127.0.0.1:5000/v1/jobs
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
        sort (str | Unset):
        include (list[str] | Unset):
        limit (int | Unset):
        cursor (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[JobPage | Problem]
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
        sort=sort,
        include=include,
        limit=limit,
        cursor=cursor,
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
    sort: str | Unset = UNSET,
    include: list[str] | Unset = UNSET,
    limit: int | Unset = UNSET,
    cursor: str | Unset = UNSET,
) -> JobPage | Problem | None:
    """List jobs

     Filters are combined: all of them must hold; of several values of one, any (of `tag`:
    all). Pages neither lose nor repeat a job that was there throughout, whatever is written
    meanwhile. There are no totals: a queue's counts are in `get_queue`.

    ```sh
    curl http://127.0.0.1:5000/v1/jobs
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
        sort (str | Unset):
        include (list[str] | Unset):
        limit (int | Unset):
        cursor (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        JobPage | Problem
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
            sort=sort,
            include=include,
            limit=limit,
            cursor=cursor,
        )
    ).parsed
