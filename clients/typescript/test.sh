#!/bin/sh
# Installs what the client needs, checks its types, and tests it against the server at PRESQUE_URL.
set -eu
cd "$(dirname "$0")"
: "${PRESQUE_URL:?is not set: the address of a presque server, like http://127.0.0.1:5000}"

npm ci --ignore-scripts --no-fund --no-audit --loglevel=error
npm run --silent build
npm run --silent check
exec npm run --silent test
