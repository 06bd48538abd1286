#!/bin/sh
# Tests the client against the server at $PRESQUE_URL.
set -eu
cd "$(dirname "$0")"
: "${PRESQUE_URL:?must be the address of a running server, such as http://127.0.0.1:5000}"
export PRESQUE_URL
cargo build --locked --examples
exec cargo test --locked --test roundtrip
