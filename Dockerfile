# First stage: wheels, because mysqlclient has none of its own and needs a compiler.
FROM python:3.11-slim-bookworm AS wheels
RUN apt-get update \
    && apt-get install --yes --no-install-recommends gcc libc6-dev libmariadb-dev pkg-config \
    && rm -rf /var/lib/apt/lists/*
COPY requirements-mariadb.txt .
RUN pip wheel --no-cache-dir --require-hashes --requirement requirements-mariadb.txt --wheel-dir /wheels

# Second stage: what runs. No compiler, no root.
FROM python:3.11-slim-bookworm
ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 STATIC_ROOT=/app/static-collected VAR_DIR=/app/var
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libmariadb3 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin tahan \
    && mkdir -p /app/var/media /app/static-collected \
    && chown -R tahan /app/var
WORKDIR /app
RUN --mount=type=bind,from=wheels,source=/wheels,target=/wheels \
    pip install --no-cache-dir --no-index --no-deps /wheels/*.whl
COPY manage.py ./
COPY shop shop
COPY inventory inventory
COPY orders orders
COPY accounts accounts
COPY locale locale
COPY templates templates
COPY static static
# Collecting needs settings that load, not a secret: the values end with this line.
RUN DEMO=0 SECRET_KEY=only-while-building DATABASE_URL=sqlite://:memory: REDIS_URL=redis://nowhere:6379/0 \
    EMAIL_URL=consolemail:// SITE_URL=http://nowhere python manage.py collectstatic --noinput --verbosity 0
USER tahan
EXPOSE 8000
# WEB_CONCURRENCY is gunicorn's own name for the number of workers. /dev/shm keeps its heartbeat off the disk.
CMD ["sh", "-c", "exec gunicorn shop.wsgi:application --bind 0.0.0.0:8000 --worker-class gthread \
--threads ${WEB_THREADS:-4} --worker-tmp-dir /dev/shm --no-control-socket --access-logfile -"]
