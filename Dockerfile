# syntax=docker/dockerfile:1
# The image of every Airflow service. It holds the locked packages and a copy of the code; in
# docker-compose.yml the checkout is mounted read-only over that copy, so that the checkout is the release.

# Pin by digest where you can reach a registry: --build-arg PYTHON_IMAGE=python:3.13.9-slim-bookworm@sha256:…
ARG PYTHON_IMAGE=python:3.13.9-slim-bookworm

FROM ${PYTHON_IMAGE} AS packages
WORKDIR /build
COPY requirements-bootstrap.txt requirements.txt requirements-celery.txt ./
RUN python -m pip install --no-cache-dir --require-hashes -r requirements-bootstrap.txt \
    && python -m venv --without-pip /opt/venv \
    && uv pip install --no-cache --require-hashes --no-deps --only-binary :all: --compile-bytecode \
        --python /opt/venv/bin/python -r requirements.txt -r requirements-celery.txt

FROM ${PYTHON_IMAGE}
RUN useradd --uid 50000 --gid 0 --no-create-home --home-dir /var/lib/lead-handoff handoff \
    && install --directory --owner 50000 --group 0 --mode 0700 /var/lib/lead-handoff
COPY --from=packages /opt/venv /opt/venv
WORKDIR /opt/lead-handoff
COPY dags dags
COPY plugins plugins
COPY dbt_project dbt_project
COPY expectations expectations
COPY docker docker
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONPATH=/opt/lead-handoff/plugins \
    PYTHONDONTWRITEBYTECODE=1 \
    HOME=/var/lib/lead-handoff
USER 50000:0
CMD ["airflow", "version"]
