# The menu: every task in one line.

# Run a server with a private PostgreSQL in ./target/data
run:
    cargo run -- serve --data-dir "$PWD/target/data"

# PostgreSQL, two servers and a load balancer in containers
up:
    docker compose up --build

test *filter:
    cargo test {{filter}}

lint:
    cargo clippy --all-targets -- -D warnings

fmt:
    cargo fmt

# Rewrite what is generated
gen:
    clients/generate

# A psql on the PostgreSQL of `just run`
psql:
    psql -h "$PWD/target/data/socket" -U presque presque

# Everything that must be green before a change lands
ci:
    .ci/run
