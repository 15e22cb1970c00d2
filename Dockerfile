# The builder and the runtime are of one Debian, so that the binary finds the C library it was linked with.
FROM rust:1.95-slim-bookworm AS builder
WORKDIR /src
COPY . .
# Queries are checked against the committed `.sqlx`, not a database.
ENV SQLX_OFFLINE=true
RUN cargo build --release --locked --package stocktake

FROM debian:12-slim
# For TLS to a PostgreSQL whose certificate is signed by a public authority.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/*
COPY --from=builder /src/target/release/stocktake /usr/local/bin/stocktake
WORKDIR /app
# Without a name: nothing in the image belongs to it, and it can write nowhere.
USER 10001:10001
EXPOSE 8787
ENTRYPOINT ["stocktake"]
CMD ["run"]
