#!/bin/sh
# Installs the client into .venv, checks its types, and tests it against the server at PRESQUE_URL.
set -eu
cd "$(dirname "$0")"
: "${PRESQUE_URL:?is not set: the address of a presque server, like http://127.0.0.1:5000}"

test -x .venv/bin/python || python3 -m venv .venv
.venv/bin/pip install --quiet --disable-pip-version-check --editable '.[test]'
.venv/bin/mypy presque_client presque_worker examples tests
exec .venv/bin/pytest -q
