# The portal as one image; compose.yaml starts it as web, worker and beat.
FROM python:3.11-slim-trixie AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
COPY requirements/base.txt /requirements.txt
RUN python -m venv /venv && /venv/bin/pip install --require-hashes -r /requirements.txt

FROM python:3.11-slim-trixie
# Backups are made by PostgreSQL's own programs, of the same version as the server in compose.yaml.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends postgresql-client-17 \
    && rm -rf /var/lib/apt/lists/*
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DJANGO_SETTINGS_MODULE=phr.settings \
    PHR_DATA_DIR=/data \
    HOME=/tmp
RUN groupadd --system --gid 10001 phr \
    && useradd --system --uid 10001 --gid phr --no-create-home --shell /usr/sbin/nologin phr \
    && install -d -o phr -g phr -m 700 /data /backups
COPY --from=build /venv /venv
WORKDIR /app
COPY . /app
RUN python -m compileall -q accounts phr rights sharing
USER 10001:10001
VOLUME /data /backups
EXPOSE 8000
CMD ["gunicorn", "phr.wsgi", "--bind", "0.0.0.0:8000", "--worker-class", "gthread", \
     "--workers", "2", "--threads", "8", "--timeout", "120", "--graceful-timeout", "20", \
     "--worker-tmp-dir", "/dev/shm", "--no-control-socket"]
