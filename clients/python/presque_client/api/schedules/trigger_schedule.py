from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx

from ...client import AuthenticatedClient, Client
from ...models.enqueue_result import EnqueueResult
from ...models.problem import Problem
from ...models.trigger_schedule_request import TriggerScheduleRequest
from ...types import UNSET, Response, Unset


def _get_kwargs(
    schedule_id: str,
    *,
    body: TriggerScheduleRequest,
    idempotency_key: str | Unset = UNSET,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if not isinstance(idempotency_key, Unset):
        headers["Idempotency-Key"] = idempotency_key

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/v1/schedules/{schedule_id}/trigger".format(
            schedule_id=quote(str(schedule_id), safe=""),
        ),
    }

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> EnqueueResult | Problem:
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
    schedule_id: str,
    *,
    client: AuthenticatedClient | Client,
    body: TriggerScheduleRequest,
    idempotency_key: str | Unset = UNSET,
) -> Response[EnqueueResult | Problem]:
    """ Trigger a schedule

     Enqueues its job now, beside its due times, also while it is paused.

    ```sh
    curl -X POST http://127.0.0.1:5000/v1/schedules/report/trigger -H 'Content-Type: application/json'
    \\
      -d '{"payload":{"format":"csv"}}'
    ```

    Args:
        schedule_id (str):
        idempotency_key (str | Unset):
        body (TriggerScheduleRequest): What the job shall be given. Example: {'payload':
            {'format': 'csv'}}.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[EnqueueResult | Problem]
     """

    kwargs = _get_kwargs(
        schedule_id=schedule_id,
        body=body,
        idempotency_key=idempotency_key,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    schedule_id: str,
    *,
    client: AuthenticatedClient | Client,
    body: TriggerScheduleRequest,
    idempotency_key: str | Unset = UNSET,
) -> EnqueueResult | Problem | None:
    """ Trigger a schedule

     Enqueues its job now, beside its due times, also while it is paused.

    ```sh
    curl -X POST http://127.0.0.1:5000/v1/schedules/report/trigger -H 'Content-Type: application/json'
    \\
      -d '{"payload":{"format":"csv"}}'
    ```

    Args:
        schedule_id (str):
        idempotency_key (str | Unset):
        body (TriggerScheduleRequest): What the job shall be given. Example: {'payload':
            {'format': 'csv'}}.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        EnqueueResult | Problem
     """

    return sync_detailed(
        schedule_id=schedule_id,
        client=client,
        body=body,
        idempotency_key=idempotency_key,
    ).parsed


async def asyncio_detailed(
    schedule_id: str,
    *,
    client: AuthenticatedClient | Client,
    body: TriggerScheduleRequest,
    idempotency_key: str | Unset = UNSET,
) -> Response[EnqueueResult | Problem]:
    """ Trigger a schedule

     Enqueues its job now, beside its due times, also while it is paused.

    ```sh
    curl -X POST http://127.0.0.1:5000/v1/schedules/report/trigger -H 'Content-Type: application/json'
    \\
      -d '{"payload":{"format":"csv"}}'
    ```

    Args:
        schedule_id (str):
        idempotency_key (str | Unset):
        body (TriggerScheduleRequest): What the job shall be given. Example: {'payload':
            {'format': 'csv'}}.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[EnqueueResult | Problem]
     """

    kwargs = _get_kwargs(
        schedule_id=schedule_id,
        body=body,
        idempotency_key=idempotency_key,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    schedule_id: str,
    *,
    client: AuthenticatedClient | Client,
    body: TriggerScheduleRequest,
    idempotency_key: str | Unset = UNSET,
) -> EnqueueResult | Problem | None:
    """ Trigger a schedule

     Enqueues its job now, beside its due times, also while it is paused.

    ```sh
    curl -X POST http://127.0.0.1:5000/v1/schedules/report/trigger -H 'Content-Type: application/json'
    \\
      -d '{"payload":{"format":"csv"}}'
    ```

    Args:
        schedule_id (str):
        idempotency_key (str | Unset):
        body (TriggerScheduleRequest): What the job shall be given. Example: {'payload':
            {'format': 'csv'}}.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        EnqueueResult | Problem
     """

    return (
        await asyncio_detailed(
            schedule_id=schedule_id,
            client=client,
            body=body,
            idempotency_key=idempotency_key,
        )
    ).parsed
