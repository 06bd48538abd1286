from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx

from ...client import AuthenticatedClient, Client
from ...models.problem import Problem
from ...models.schedule import Schedule
from ...models.upsert_schedule_request import UpsertScheduleRequest
from ...types import UNSET, Response, Unset


def _get_kwargs(
    schedule_id: str,
    *,
    body: UpsertScheduleRequest,
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
        "url": "/v1/schedules/{schedule_id}".format(
            schedule_id=quote(str(schedule_id), safe=""),
        ),
        "params": params,
    }

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Problem | Schedule:
    if response.status_code == 200:
        response_200 = Schedule.from_dict(response.json())

        return response_200

    if response.status_code == 201:
        response_201 = Schedule.from_dict(response.json())

        return response_201

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

    if response.status_code == 422:
        response_422 = Problem.from_dict(response.json())

        return response_422

    response_default = Problem.from_dict(response.json())

    return response_default


def _build_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Response[Problem | Schedule]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    schedule_id: str,
    *,
    client: AuthenticatedClient | Client,
    body: UpsertScheduleRequest,
    dry_run: bool | Unset = UNSET,
    if_match: str | Unset = UNSET,
    if_none_match: str | Unset = UNSET,
) -> Response[Problem | Schedule]:
    """ Set up a schedule

     Makes it if it is not there. What is absent stays as it is, or has its default in a new one.
    Each due time fires once, however many servers run, by the database's clock. With `dry_run`
    nothing is written: the answer is what the schedule would be, with its next five runs.

    ```sh
    curl -X PATCH http://127.0.0.1:5000/v1/schedules/report -H 'Content-Type: application/json' \\
      -d '{"cron":"0 9 * * mon-
    fri","kind":"daily","payload":{"format":"pdf"},"queue":"reports","timezone":"Europe/Paris"}'
    ```

    Args:
        schedule_id (str):
        dry_run (bool | Unset):
        if_match (str | Unset):
        if_none_match (str | Unset):
        body (UpsertScheduleRequest): What a schedule shall be. What is absent stays as it is;
            `queue` and `cron` are required in a
            new one. Example: {'cron': '0 9 * * mon-fri', 'kind': 'daily', 'payload': {'format':
            'pdf'}, 'queue': 'reports', 'timezone': 'Europe/Paris'}.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Problem | Schedule]
     """

    kwargs = _get_kwargs(
        schedule_id=schedule_id,
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
    schedule_id: str,
    *,
    client: AuthenticatedClient | Client,
    body: UpsertScheduleRequest,
    dry_run: bool | Unset = UNSET,
    if_match: str | Unset = UNSET,
    if_none_match: str | Unset = UNSET,
) -> Problem | Schedule | None:
    """ Set up a schedule

     Makes it if it is not there. What is absent stays as it is, or has its default in a new one.
    Each due time fires once, however many servers run, by the database's clock. With `dry_run`
    nothing is written: the answer is what the schedule would be, with its next five runs.

    ```sh
    curl -X PATCH http://127.0.0.1:5000/v1/schedules/report -H 'Content-Type: application/json' \\
      -d '{"cron":"0 9 * * mon-
    fri","kind":"daily","payload":{"format":"pdf"},"queue":"reports","timezone":"Europe/Paris"}'
    ```

    Args:
        schedule_id (str):
        dry_run (bool | Unset):
        if_match (str | Unset):
        if_none_match (str | Unset):
        body (UpsertScheduleRequest): What a schedule shall be. What is absent stays as it is;
            `queue` and `cron` are required in a
            new one. Example: {'cron': '0 9 * * mon-fri', 'kind': 'daily', 'payload': {'format':
            'pdf'}, 'queue': 'reports', 'timezone': 'Europe/Paris'}.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Problem | Schedule
     """

    return sync_detailed(
        schedule_id=schedule_id,
        client=client,
        body=body,
        dry_run=dry_run,
        if_match=if_match,
        if_none_match=if_none_match,
    ).parsed


async def asyncio_detailed(
    schedule_id: str,
    *,
    client: AuthenticatedClient | Client,
    body: UpsertScheduleRequest,
    dry_run: bool | Unset = UNSET,
    if_match: str | Unset = UNSET,
    if_none_match: str | Unset = UNSET,
) -> Response[Problem | Schedule]:
    """ Set up a schedule

     Makes it if it is not there. What is absent stays as it is, or has its default in a new one.
    Each due time fires once, however many servers run, by the database's clock. With `dry_run`
    nothing is written: the answer is what the schedule would be, with its next five runs.

    ```sh
    curl -X PATCH http://127.0.0.1:5000/v1/schedules/report -H 'Content-Type: application/json' \\
      -d '{"cron":"0 9 * * mon-
    fri","kind":"daily","payload":{"format":"pdf"},"queue":"reports","timezone":"Europe/Paris"}'
    ```

    Args:
        schedule_id (str):
        dry_run (bool | Unset):
        if_match (str | Unset):
        if_none_match (str | Unset):
        body (UpsertScheduleRequest): What a schedule shall be. What is absent stays as it is;
            `queue` and `cron` are required in a
            new one. Example: {'cron': '0 9 * * mon-fri', 'kind': 'daily', 'payload': {'format':
            'pdf'}, 'queue': 'reports', 'timezone': 'Europe/Paris'}.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Problem | Schedule]
     """

    kwargs = _get_kwargs(
        schedule_id=schedule_id,
        body=body,
        dry_run=dry_run,
        if_match=if_match,
        if_none_match=if_none_match,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    schedule_id: str,
    *,
    client: AuthenticatedClient | Client,
    body: UpsertScheduleRequest,
    dry_run: bool | Unset = UNSET,
    if_match: str | Unset = UNSET,
    if_none_match: str | Unset = UNSET,
) -> Problem | Schedule | None:
    """ Set up a schedule

     Makes it if it is not there. What is absent stays as it is, or has its default in a new one.
    Each due time fires once, however many servers run, by the database's clock. With `dry_run`
    nothing is written: the answer is what the schedule would be, with its next five runs.

    ```sh
    curl -X PATCH http://127.0.0.1:5000/v1/schedules/report -H 'Content-Type: application/json' \\
      -d '{"cron":"0 9 * * mon-
    fri","kind":"daily","payload":{"format":"pdf"},"queue":"reports","timezone":"Europe/Paris"}'
    ```

    Args:
        schedule_id (str):
        dry_run (bool | Unset):
        if_match (str | Unset):
        if_none_match (str | Unset):
        body (UpsertScheduleRequest): What a schedule shall be. What is absent stays as it is;
            `queue` and `cron` are required in a
            new one. Example: {'cron': '0 9 * * mon-fri', 'kind': 'daily', 'payload': {'format':
            'pdf'}, 'queue': 'reports', 'timezone': 'Europe/Paris'}.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Problem | Schedule
     """

    return (
        await asyncio_detailed(
            schedule_id=schedule_id,
            client=client,
            body=body,
            dry_run=dry_run,
            if_match=if_match,
            if_none_match=if_none_match,
        )
    ).parsed
