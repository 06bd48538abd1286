from http import HTTPStatus
from typing import Any
from urllib.parse import quote
from uuid import UUID

import httpx

from ...client import AuthenticatedClient, Client
from ...models.job import Job
from ...models.problem import Problem
from ...types import UNSET, Response, Unset


def _get_kwargs(
    job_id: UUID,
    *,
    include: list[str] | Unset = UNSET,
    wait_ms: int | Unset = UNSET,
    wait_for: str | Unset = UNSET,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    json_include: list[str] | Unset = UNSET
    if not isinstance(include, Unset):
        json_include = include

    params["include"] = json_include

    params["wait_ms"] = wait_ms

    params["wait_for"] = wait_for

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/v1/jobs/{job_id}".format(
            job_id=quote(str(job_id), safe=""),
        ),
        "params": params,
    }

    return _kwargs


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Job | Problem:
    if response.status_code == 200:
        response_200 = Job.from_dict(response.json())

        return response_200

    if response.status_code == 404:
        response_404 = Problem.from_dict(response.json())

        return response_404

    response_default = Problem.from_dict(response.json())

    return response_default


def _build_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Response[Job | Problem]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    job_id: UUID,
    *,
    client: AuthenticatedClient | Client,
    include: list[str] | Unset = UNSET,
    wait_ms: int | Unset = UNSET,
    wait_for: str | Unset = UNSET,
) -> Response[Job | Problem]:
    """Show a job

     With `wait_ms`, or the header `Prefer: wait=<seconds>`, the answer waits until the job is
    finished (or started, with `wait_for`), up to 30 seconds: a way to await a result.

    ```sh
    curl http://127.0.0.1:5000/v1/jobs/01a206c8-d8c7-76c7-bfda-d9bb00000001
    ```

    Args:
        job_id (UUID):
        include (list[str] | Unset):
        wait_ms (int | Unset):
        wait_for (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Job | Problem]
    """

    kwargs = _get_kwargs(
        job_id=job_id,
        include=include,
        wait_ms=wait_ms,
        wait_for=wait_for,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    job_id: UUID,
    *,
    client: AuthenticatedClient | Client,
    include: list[str] | Unset = UNSET,
    wait_ms: int | Unset = UNSET,
    wait_for: str | Unset = UNSET,
) -> Job | Problem | None:
    """Show a job

     With `wait_ms`, or the header `Prefer: wait=<seconds>`, the answer waits until the job is
    finished (or started, with `wait_for`), up to 30 seconds: a way to await a result.

    ```sh
    curl http://127.0.0.1:5000/v1/jobs/01a206c8-d8c7-76c7-bfda-d9bb00000001
    ```

    Args:
        job_id (UUID):
        include (list[str] | Unset):
        wait_ms (int | Unset):
        wait_for (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Job | Problem
    """

    return sync_detailed(
        job_id=job_id,
        client=client,
        include=include,
        wait_ms=wait_ms,
        wait_for=wait_for,
    ).parsed


async def asyncio_detailed(
    job_id: UUID,
    *,
    client: AuthenticatedClient | Client,
    include: list[str] | Unset = UNSET,
    wait_ms: int | Unset = UNSET,
    wait_for: str | Unset = UNSET,
) -> Response[Job | Problem]:
    """Show a job

     With `wait_ms`, or the header `Prefer: wait=<seconds>`, the answer waits until the job is
    finished (or started, with `wait_for`), up to 30 seconds: a way to await a result.

    ```sh
    curl http://127.0.0.1:5000/v1/jobs/01a206c8-d8c7-76c7-bfda-d9bb00000001
    ```

    Args:
        job_id (UUID):
        include (list[str] | Unset):
        wait_ms (int | Unset):
        wait_for (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Job | Problem]
    """

    kwargs = _get_kwargs(
        job_id=job_id,
        include=include,
        wait_ms=wait_ms,
        wait_for=wait_for,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    job_id: UUID,
    *,
    client: AuthenticatedClient | Client,
    include: list[str] | Unset = UNSET,
    wait_ms: int | Unset = UNSET,
    wait_for: str | Unset = UNSET,
) -> Job | Problem | None:
    """Show a job

     With `wait_ms`, or the header `Prefer: wait=<seconds>`, the answer waits until the job is
    finished (or started, with `wait_for`), up to 30 seconds: a way to await a result.

    ```sh
    curl http://127.0.0.1:5000/v1/jobs/01a206c8-d8c7-76c7-bfda-d9bb00000001
    ```

    Args:
        job_id (UUID):
        include (list[str] | Unset):
        wait_ms (int | Unset):
        wait_for (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Job | Problem
    """

    return (
        await asyncio_detailed(
            job_id=job_id,
            client=client,
            include=include,
            wait_ms=wait_ms,
            wait_for=wait_for,
        )
    ).parsed
