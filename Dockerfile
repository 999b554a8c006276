# syntax=docker/dockerfile:1
# The embedded form in one image: web process and worker, everything that lasts under /var/lib/verifier.
# With --target operator, the same and the client programs of PostgreSQL, which `verifier backup` and `restore` run.

FROM python:3.11-slim AS build
ENV UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=never UV_PROJECT_ENVIRONMENT=/opt/verifier
RUN python -m pip install --no-cache-dir uv==0.13.9
WORKDIR /source
# The parts first: they change seldom, and this layer stays cached while our own code changes.
COPY pyproject.toml uv.lock README.md LICENSE ./
RUN uv sync --locked --no-dev --no-cache --no-install-project
COPY policies policies
COPY verifier verifier
COPY workers workers
RUN uv sync --locked --no-dev --no-cache --no-editable && python -m compileall -q /opt/verifier

FROM python:3.11-slim AS service
RUN useradd --system --uid 10001 --user-group --home-dir /var/lib/verifier --shell /usr/sbin/nologin verifier \
    && install --directory --owner=verifier --group=verifier --mode=0700 /var/lib/verifier
COPY --from=build /opt/verifier /opt/verifier
ENV PATH=/opt/verifier/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    VERIFIER_HOME=/var/lib/verifier \
    VERIFIER_HOST=0.0.0.0 \
    VERIFIER_PORT=8080
USER 10001:10001
WORKDIR /var/lib/verifier
VOLUME /var/lib/verifier
EXPOSE 8080
# uvicorn finishes its requests and the worker its job: give it --stop-timeout 60.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen(f'http://127.0.0.1:{os.environ[\"VERIFIER_PORT\"]}/health/live', timeout=4)"]
ENTRYPOINT ["verifier"]
CMD ["serve"]

FROM service AS operator
USER 0:0
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends postgresql-client \
    && rm -rf /var/lib/apt/lists/*
USER 10001:10001

# The last stage is what is built where none is named.
FROM service
