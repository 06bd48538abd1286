from http import HTTPStatus
from typing import Any

import httpx

from ...client import AuthenticatedClient, Client
from ...models.problem import Problem
from ...models.summary import Summary
from ...types import UNSET, Response, Unset


def _get_kwargs(
    *,
    since: str | Unset = UNSET,
    until: str | Unset = UNSET,
    group_by: str | Unset = UNSET,
    queue: str | Unset = UNSET,
    kind: str | Unset = UNSET,
    limit: int | Unset = UNSET,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    params["since"] = since

    params["until"] = until

    params["group_by"] = group_by

    params["queue"] = queue

    params["kind"] = kind

    params["limit"] = limit

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/v1/reports/summary",
        "params": params,
    }

    return _kwargs


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Problem | Summary:
    if response.status_code == 200:
        response_200 = Summary.from_dict(response.json())

        return response_200

    if response.status_code == 400:
        response_400 = Problem.from_dict(response.json())

        return response_400

    response_default = Problem.from_dict(response.json())

    return response_default


def _build_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Response[Problem | Summary]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient | Client,
    since: str | Unset = UNSET,
    until: str | Unset = UNSET,
    group_by: str | Unset = UNSET,
    queue: str | Unset = UNSET,
    kind: str | Unset = UNSET,
    limit: int | Unset = UNSET,
) -> Response[Problem | Summary]:
    """Summarize a range of time

     From sums that are at most 5 seconds behind, so that 90 days cost no more than an hour. The range
    begins with the minute that holds `since`; a range of more than a day with its hour, and one that
    began more than 14 days ago with sums of whole hours.

    ```sh
    curl http://127.0.0.1:5000/v1/reports/summary
    ```

    Args:
        since (str | Unset):
        until (str | Unset):
        group_by (str | Unset):
        queue (str | Unset):
        kind (str | Unset):
        limit (int | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Problem | Summary]
    """

    kwargs = _get_kwargs(
        since=since,
        until=until,
        group_by=group_by,
        queue=queue,
        kind=kind,
        limit=limit,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    *,
    client: AuthenticatedClient | Client,
    since: str | Unset = UNSET,
    until: str | Unset = UNSET,
    group_by: str | Unset = UNSET,
    queue: str | Unset = UNSET,
    kind: str | Unset = UNSET,
    limit: int | Unset = UNSET,
) -> Problem | Summary | None:
    """Summarize a range of time

     From sums that are at most 5 seconds behind, so that 90 days cost no more than an hour. The range
    begins with the minute that holds `since`; a range of more than a day with its hour, and one that
    began more than 14 days ago with sums of whole hours.

    ```sh
    curl http://127.0.0.1:5000/v1/reports/summary
    ```

    Args:
        since (str | Unset):
        until (str | Unset):
        group_by (str | Unset):
        queue (str | Unset):
        kind (str | Unset):
        limit (int | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Problem | Summary
    """

    return sync_detailed(
        client=client,
        since=since,
        until=until,
        group_by=group_by,
        queue=queue,
        kind=kind,
        limit=limit,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient | Client,
    since: str | Unset = UNSET,
    until: str | Unset = UNSET,
    group_by: str | Unset = UNSET,
    queue: str | Unset = UNSET,
    kind: str | Unset = UNSET,
    limit: int | Unset = UNSET,
) -> Response[Problem | Summary]:
    """Summarize a range of time

     From sums that are at most 5 seconds behind, so that 90 days cost no more than an hour. The range
    begins with the minute that holds `since`; a range of more than a day with its hour, and one that
    began more than 14 days ago with sums of whole hours.

    ```sh
    curl http://127.0.0.1:5000/v1/reports/summary
    ```

    Args:
        since (str | Unset):
        until (str | Unset):
        group_by (str | Unset):
        queue (str | Unset):
        kind (str | Unset):
        limit (int | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Problem | Summary]
    """

    kwargs = _get_kwargs(
        since=since,
        until=until,
        group_by=group_by,
        queue=queue,
        kind=kind,
        limit=limit,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient | Client,
    since: str | Unset = UNSET,
    until: str | Unset = UNSET,
    group_by: str | Unset = UNSET,
    queue: str | Unset = UNSET,
    kind: str | Unset = UNSET,
    limit: int | Unset = UNSET,
) -> Problem | Summary | None:
    """Summarize a range of time

     From sums that are at most 5 seconds behind, so that 90 days cost no more than an hour. The range
    begins with the minute that holds `since`; a range of more than a day with its hour, and one that
    began more than 14 days ago with sums of whole hours.

    ```sh
    curl http://127.0.0.1:5000/v1/reports/summary
    ```

    Args:
        since (str | Unset):
        until (str | Unset):
        group_by (str | Unset):
        queue (str | Unset):
        kind (str | Unset):
        limit (int | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Problem | Summary
    """

    return (
        await asyncio_detailed(
            client=client,
            since=since,
            until=until,
            group_by=group_by,
            queue=queue,
            kind=kind,
            limit=limit,
        )
    ).parsed
