FROM rust:1.95-bookworm AS build
WORKDIR /build
COPY . .
# --locked: exactly the versions of Cargo.lock, or no image.
RUN cargo build --release --locked --bin presque

# The same Debian release as above, so that the glibc is the same.
FROM debian:12-slim
# A fixed number, so that a cluster can check that the user is not root.
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin presque
# TLS is inside the binary, and so are root certificates for where a machine has none: no packages are needed.
COPY --from=build /build/target/release/presque /usr/local/bin/presque
USER 10001:10001
# The default, 127.0.0.1, would not be reachable from outside the container.
ENV PRESQUE_LISTEN=0.0.0.0:5000
EXPOSE 5000
# SIGTERM drains: allow 15 seconds before the container is killed.
STOPSIGNAL SIGTERM
# No HEALTHCHECK, as there is no HTTP client in the image: probe GET /readyz from outside.
# No PostgreSQL either: PRESQUE_DATABASE_URL has to name one.
ENTRYPOINT ["presque"]
CMD ["serve"]
