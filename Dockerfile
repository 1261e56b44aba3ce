# Sluice as one executable on Debian, without PostgreSQL: set DATABASE_URL. The target `standalone` has
# PostgreSQL inside, for one container alone.
#
#   docker build --build-arg COMMIT=$(git rev-parse --short=12 HEAD) --tag sluice .
#   docker build --target standalone --tag sluice:standalone .
#
# It runs as user 10001 on a read-only root: give it a volume at /data (standalone only) and a tmpfs at /tmp.

FROM docker.io/oven/bun:1.4.5-slim AS build
WORKDIR /sluice
COPY package.json bun.lock bunfig.toml ./
COPY patches patches
COPY scripts/install.ts scripts/install.ts
RUN bun --eval 'await (await import("./scripts/install.ts")).ensureInstalled("production")'
COPY . .
ARG COMMIT=""
RUN SLUICE_COMMIT="$COMMIT" bun scripts/build.ts --lib --out /build && mv /build/linux-* /build/sluice

FROM docker.io/library/debian:bookworm-slim AS runtime
ARG VERSION=0.1.0
ARG COMMIT=""
LABEL org.opencontainers.image.title="Sluice" \
      org.opencontainers.image.description="An edge gateway for event streams: it stores records durably, streams them live, and answers queries about them later." \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$COMMIT" \
      org.opencontainers.image.base.name="docker.io/library/debian:bookworm-slim"
RUN groupadd --gid 10001 sluice \
 && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /data --shell /usr/sbin/nologin sluice \
 && mkdir /data && chown sluice:sluice /data
COPY --from=build /build/sluice/sluice /opt/sluice/sluice
COPY --from=build /build/sluice/lib/buf /opt/sluice/lib/buf
COPY --from=build /build/sluice/THIRD-PARTY.md /sluice/LICENSE /opt/sluice/
RUN ln -s /opt/sluice/sluice /usr/local/bin/sluice
ENV SLUICE_HOST=0.0.0.0 SLUICE_DATA_DIR=/data
EXPOSE 9000 4025
USER 10001:10001
WORKDIR /data
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 CMD ["sluice", "health"]
# Where the root is read-only and no tmpfs can be had (Fargate), a volume here has the rights of this folder.
VOLUME /tmp
ENTRYPOINT ["sluice"]
CMD ["serve"]

FROM runtime AS standalone
COPY --from=build /build/sluice/lib/postgres /opt/sluice/lib/postgres
VOLUME /data

FROM runtime AS gateway
