# ShipSentry as a container: `docker build --tag shipsentry:0.1.0 .`
#
# The base image is pinned by tag. To pin it by digest too, ask for the digest and give both:
#   docker buildx imagetools inspect python:3.12.13-slim-bookworm
#   docker build --build-arg PYTHON_IMAGE=python:3.12.13-slim-bookworm@sha256:… --tag shipsentry:0.1.0 .
ARG PYTHON_IMAGE=python:3.12.13-slim-bookworm

FROM ${PYTHON_IMAGE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
# On amd64 every locked dependency is a wheel. Elsewhere Faust is built from its source, which falls
# back to pure Python where there is no compiler: give it one. Nothing of it leaves this stage.
RUN if [ "$(dpkg --print-architecture)" != amd64 ]; then \
        apt-get update && apt-get install --yes --no-install-recommends gcc libc6-dev zlib1g-dev; \
    fi
RUN python -m venv --without-pip /opt/shipsentry
WORKDIR /src
# The lock alone first: as long as it stays, so does this layer.
COPY requirements.lock ./
RUN pip --python /opt/shipsentry/bin/python install --require-hashes --requirement requirements.lock
COPY pyproject.toml README.md LICENSE NOTICE ./
COPY schemas schemas
COPY streams streams
# setuptools is in the lock: building needs no second, unlocked download; running does not need it.
RUN pip --python /opt/shipsentry/bin/python install --no-deps --no-build-isolation . && \
    pip --python /opt/shipsentry/bin/python uninstall --yes setuptools && \
    pip --python /opt/shipsentry/bin/python check
# What is in the image, as CycloneDX: docker run --entrypoint cat shipsentry:0.1.0
# /opt/shipsentry/share/shipsentry/sbom.cdx.json. Its maker stays in this stage.
COPY requirements-supply.lock ./
RUN python -m venv --without-pip /opt/supply && \
    pip --python /opt/supply/bin/python install --require-hashes --requirement requirements-supply.lock && \
    mkdir --parents /opt/shipsentry/share/shipsentry && \
    /opt/supply/bin/cyclonedx-py environment /opt/shipsentry --pyproject pyproject.toml \
        --mc-type application --output-reproducible \
        --output-file /opt/shipsentry/share/shipsentry/sbom.cdx.json

FROM ${PYTHON_IMAGE}
LABEL org.opencontainers.image.title="ShipSentry" \
      org.opencontainers.image.description="Warns sellers before a marketplace judges a shipment fake." \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.base.name="docker.io/library/python:3.12.13-slim-bookworm"
# A number that stays: volumes and Kubernetes' runAsUser know no names.
RUN groupadd --gid 10001 shipsentry && \
    useradd --uid 10001 --gid 10001 --no-create-home --home-dir /var/lib/shipsentry \
        --shell /usr/sbin/nologin shipsentry && \
    install --directory --owner 10001 --group 10001 --mode 0750 /var/lib/shipsentry
COPY --from=build /opt/shipsentry /opt/shipsentry
# Only the data directory needs to be writable: the rest may be mounted read-only.
# Pages on all addresses: but health and metrics they are closed until SHIPSENTRY_HTTP_TOKEN_FILE or
# one of its siblings says who may ask (docs/operating.md).
ENV PATH=/opt/shipsentry/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    SHIPSENTRY_DATA_DIR=/var/lib/shipsentry \
    SHIPSENTRY_HTTP_HOST=0.0.0.0 \
    SHIPSENTRY_HTTP_PORT=8080 \
    SHIPSENTRY_LOG_FORMAT=json
WORKDIR /var/lib/shipsentry
USER 10001:10001
EXPOSE 8080
STOPSIGNAL SIGTERM
# Of a worker, which it asks as itself, whatever its certificate is called; turn it off for commands that serve nothing (docker run --no-healthcheck).
HEALTHCHECK --interval=10s --timeout=5s --start-period=90s --retries=3 \
    CMD ["python", "-c", "import os, ssl, urllib.request as r; s = 'https' if os.environ.get('SHIPSENTRY_HTTP_CERTFILE') else 'http'; r.urlopen(s + '://127.0.0.1:' + os.environ['SHIPSENTRY_HTTP_PORT'] + '/healthz', timeout=4, context=ssl._create_unverified_context())"]
# Handles signals as process 1 by itself: no init is needed.
ENTRYPOINT ["shipsentry"]
CMD ["worker"]
