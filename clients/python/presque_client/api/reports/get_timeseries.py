from http import HTTPStatus
from typing import Any

import httpx

from ...client import AuthenticatedClient, Client
from ...models.problem import Problem
from ...models.time_series import TimeSeries
from ...types import UNSET, Response, Unset


def _get_kwargs(
    *,
    metric: str,
    since: str | Unset = UNSET,
    until: str | Unset = UNSET,
    step_ms: int | Unset = UNSET,
    group_by: str | Unset = UNSET,
    queue: str | Unset = UNSET,
    kind: str | Unset = UNSET,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    params["metric"] = metric

    params["since"] = since

    params["until"] = until

    params["step_ms"] = step_ms

    params["group_by"] = group_by

    params["queue"] = queue

    params["kind"] = kind

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/v1/reports/timeseries",
        "params": params,
    }

    return _kwargs


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Problem | TimeSeries:
    if response.status_code == 200:
        response_200 = TimeSeries.from_dict(response.json())

        return response_200

    if response.status_code == 400:
        response_400 = Problem.from_dict(response.json())

        return response_400

    if response.status_code == 422:
        response_422 = Problem.from_dict(response.json())

        return response_422

    response_default = Problem.from_dict(response.json())

    return response_default


def _build_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[Problem | TimeSeries]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient | Client,
    metric: str,
    since: str | Unset = UNSET,
    until: str | Unset = UNSET,
    step_ms: int | Unset = UNSET,
    group_by: str | Unset = UNSET,
    queue: str | Unset = UNSET,
    kind: str | Unset = UNSET,
) -> Response[Problem | TimeSeries]:
    """Show a number over time

     Counts (enqueued, started, completed, failed, discarded) and the most there was (depth, running,
    latency, from samples) have a point for each step; percentiles of waits and runs only for steps
    in which something started or ended. Sums by the minute are kept for 14 days, by the hour and
    day for 400.

    ```sh
    curl http://127.0.0.1:5000/v1/reports/timeseries?metric=completed
    ```

    Args:
        metric (str):
        since (str | Unset):
        until (str | Unset):
        step_ms (int | Unset):
        group_by (str | Unset):
        queue (str | Unset):
        kind (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Problem | TimeSeries]
    """

    kwargs = _get_kwargs(
        metric=metric,
        since=since,
        until=until,
        step_ms=step_ms,
        group_by=group_by,
        queue=queue,
        kind=kind,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    *,
    client: AuthenticatedClient | Client,
    metric: str,
    since: str | Unset = UNSET,
    until: str | Unset = UNSET,
    step_ms: int | Unset = UNSET,
    group_by: str | Unset = UNSET,
    queue: str | Unset = UNSET,
    kind: str | Unset = UNSET,
) -> Problem | TimeSeries | None:
    """Show a number over time

     Counts (enqueued, started, completed, failed, discarded) and the most there was (depth, running,
    latency, from samples) have a point for each step; percentiles of waits and runs only for steps
    in which something started or ended. Sums by the minute are kept for 14 days, by the hour and
    day for 400.

    ```sh
    curl http://127.0.0.1:5000/v1/reports/timeseries?metric=completed
    ```

    Args:
        metric (str):
        since (str | Unset):
        until (str | Unset):
        step_ms (int | Unset):
        group_by (str | Unset):
        queue (str | Unset):
        kind (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Problem | TimeSeries
    """

    return sync_detailed(
        client=client,
        metric=metric,
        since=since,
        until=until,
        step_ms=step_ms,
        group_by=group_by,
        queue=queue,
        kind=kind,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient | Client,
    metric: str,
    since: str | Unset = UNSET,
    until: str | Unset = UNSET,
    step_ms: int | Unset = UNSET,
    group_by: str | Unset = UNSET,
    queue: str | Unset = UNSET,
    kind: str | Unset = UNSET,
) -> Response[Problem | TimeSeries]:
    """Show a number over time

     Counts (enqueued, started, completed, failed, discarded) and the most there was (depth, running,
    latency, from samples) have a point for each step; percentiles of waits and runs only for steps
    in which something started or ended. Sums by the minute are kept for 14 days, by the hour and
    day for 400.

    ```sh
    curl http://127.0.0.1:5000/v1/reports/timeseries?metric=completed
    ```

    Args:
        metric (str):
        since (str | Unset):
        until (str | Unset):
        step_ms (int | Unset):
        group_by (str | Unset):
        queue (str | Unset):
        kind (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Problem | TimeSeries]
    """

    kwargs = _get_kwargs(
        metric=metric,
        since=since,
        until=until,
        step_ms=step_ms,
        group_by=group_by,
        queue=queue,
        kind=kind,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient | Client,
    metric: str,
    since: str | Unset = UNSET,
    until: str | Unset = UNSET,
    step_ms: int | Unset = UNSET,
    group_by: str | Unset = UNSET,
    queue: str | Unset = UNSET,
    kind: str | Unset = UNSET,
) -> Problem | TimeSeries | None:
    """Show a number over time

     Counts (enqueued, started, completed, failed, discarded) and the most there was (depth, running,
    latency, from samples) have a point for each step; percentiles of waits and runs only for steps
    in which something started or ended. Sums by the minute are kept for 14 days, by the hour and
    day for 400.

    ```sh
    curl http://127.0.0.1:5000/v1/reports/timeseries?metric=completed
    ```

    Args:
        metric (str):
        since (str | Unset):
        until (str | Unset):
        step_ms (int | Unset):
        group_by (str | Unset):
        queue (str | Unset):
        kind (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Problem | TimeSeries
    """

    return (
        await asyncio_detailed(
            client=client,
            metric=metric,
            since=since,
            until=until,
            step_ms=step_ms,
            group_by=group_by,
            queue=queue,
            kind=kind,
        )
    ).parsed
