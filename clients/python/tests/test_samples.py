"""The Python samples of the OpenAPI document run as they stand."""

from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

import presque_client

DOCUMENT = Path(__file__).parents[3] / "openapi.yaml"


def samples() -> list[Any]:
    paths = yaml.safe_load(DOCUMENT.read_text())["paths"]
    return [
        pytest.param(sample["source"], id=operation["operationId"])
        for path in paths.values()
        for operation in path.values()
        if isinstance(operation, dict)
        for sample in operation.get("x-codeSamples", [])
        if sample["lang"] == "Python"
    ]


@pytest.mark.parametrize("source", samples())
def test_sample(source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # No server is asked: that the call can be made is all that is to be shown.
    calls: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        calls.append(request)
        return httpx.Response(
            500, json={"type": "t", "title": "t", "status": 500, "code": "internal", "request_id": "r"}
        )

    class Client(presque_client.Client):
        def get_httpx_client(self) -> httpx.Client:
            return httpx.Client(base_url=self._base_url, transport=httpx.MockTransport(answer))

    monkeypatch.setattr(presque_client, "Client", Client)
    exec(source, {})
    assert len(calls) == 1
