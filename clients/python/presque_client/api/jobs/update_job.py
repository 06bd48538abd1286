from http import HTTPStatus
from typing import Any
from urllib.parse import quote
from uuid import UUID

import httpx

from ...client import AuthenticatedClient, Client
from ...models.job import Job
from ...models.problem import Problem
from ...models.update_job_request import UpdateJobRequest
from ...types import UNSET, Response, Unset


def _get_kwargs(
    job_id: UUID,
    *,
    body: UpdateJobRequest,
    if_match: str | Unset = UNSET,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if not isinstance(if_match, Unset):
        headers["If-Match"] = if_match

    _kwargs: dict[str, Any] = {
        "method": "patch",
        "url": "/v1/jobs/{job_id}".format(
            job_id=quote(str(job_id), safe=""),
        ),
    }

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Job | Problem:
    if response.status_code == 200:
        response_200 = Job.from_dict(response.json())

        return response_200

    if response.status_code == 404:
        response_404 = Problem.from_dict(response.json())

        return response_404

    if response.status_code == 409:
        response_409 = Problem.from_dict(response.json())

        return response_409

    if response.status_code == 412:
        response_412 = Problem.from_dict(response.json())

        return response_412

    if response.status_code == 413:
        response_413 = Problem.from_dict(response.json())

        return response_413

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
    body: UpdateJobRequest,
    if_match: str | Unset = UNSET,
) -> Response[Job | Problem]:
    """ Update a waiting job

     While it is pending, scheduled, available or retryable. With `If-Match` only if it still
    has that version.

    ```sh
    curl -X PATCH http://127.0.0.1:5000/v1/jobs/01a206c8-d8c7-76c7-bfda-d9bb00000001 -H 'Content-Type:
    application/json' \\
      -d '{"priority":10}'
    ```

    Args:
        job_id (UUID):
        if_match (str | Unset):
        body (UpdateJobRequest): What a waiting job should become; what is absent stays as it is.
            Example: {'priority': 10}.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Job | Problem]
     """

    kwargs = _get_kwargs(
        job_id=job_id,
        body=body,
        if_match=if_match,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    job_id: UUID,
    *,
    client: AuthenticatedClient | Client,
    body: UpdateJobRequest,
    if_match: str | Unset = UNSET,
) -> Job | Problem | None:
    """ Update a waiting job

     While it is pending, scheduled, available or retryable. With `If-Match` only if it still
    has that version.

    ```sh
    curl -X PATCH http://127.0.0.1:5000/v1/jobs/01a206c8-d8c7-76c7-bfda-d9bb00000001 -H 'Content-Type:
    application/json' \\
      -d '{"priority":10}'
    ```

    Args:
        job_id (UUID):
        if_match (str | Unset):
        body (UpdateJobRequest): What a waiting job should become; what is absent stays as it is.
            Example: {'priority': 10}.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Job | Problem
     """

    return sync_detailed(
        job_id=job_id,
        client=client,
        body=body,
        if_match=if_match,
    ).parsed


async def asyncio_detailed(
    job_id: UUID,
    *,
    client: AuthenticatedClient | Client,
    body: UpdateJobRequest,
    if_match: str | Unset = UNSET,
) -> Response[Job | Problem]:
    """ Update a waiting job

     While it is pending, scheduled, available or retryable. With `If-Match` only if it still
    has that version.

    ```sh
    curl -X PATCH http://127.0.0.1:5000/v1/jobs/01a206c8-d8c7-76c7-bfda-d9bb00000001 -H 'Content-Type:
    application/json' \\
      -d '{"priority":10}'
    ```

    Args:
        job_id (UUID):
        if_match (str | Unset):
        body (UpdateJobRequest): What a waiting job should become; what is absent stays as it is.
            Example: {'priority': 10}.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Job | Problem]
     """

    kwargs = _get_kwargs(
        job_id=job_id,
        body=body,
        if_match=if_match,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    job_id: UUID,
    *,
    client: AuthenticatedClient | Client,
    body: UpdateJobRequest,
    if_match: str | Unset = UNSET,
) -> Job | Problem | None:
    """ Update a waiting job

     While it is pending, scheduled, available or retryable. With `If-Match` only if it still
    has that version.

    ```sh
    curl -X PATCH http://127.0.0.1:5000/v1/jobs/01a206c8-d8c7-76c7-bfda-d9bb00000001 -H 'Content-Type:
    application/json' \\
      -d '{"priority":10}'
    ```

    Args:
        job_id (UUID):
        if_match (str | Unset):
        body (UpdateJobRequest): What a waiting job should become; what is absent stays as it is.
            Example: {'priority': 10}.

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
            body=body,
            if_match=if_match,
        )
    ).parsed
