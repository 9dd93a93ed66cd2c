FROM python:3.11-slim AS builder
WORKDIR /source
COPY pyproject.toml constraints.txt README.md LICENSE ./
RUN python -m pip wheel --no-cache-dir --constraint constraints.txt --wheel-dir /wheels ".[s3,sso,mail]"

FROM python:3.11-slim
ENV DJANGO_DEBUG=false FILES_ROOT=/var/lib/crm/files PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin crm \
    && install --directory --owner crm --mode 700 /var/lib/crm/files
WORKDIR /app
RUN --mount=type=bind,from=builder,source=/wheels,target=/wheels \
    python -m pip install --no-cache-dir --no-index --find-links /wheels "open-crm[s3,sso,mail]"
COPY . .
# The key of this step is thrown away: nothing that is collected depends on it.
RUN DJANGO_SECRET_KEY=$(python -c "import secrets; print(secrets.token_urlsafe(64))") \
    DJANGO_ALLOWED_HOSTS=build.invalid \
    python manage.py collectstatic --noinput
USER crm
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s \
    CMD ["python", "-m", "config.healthcheck"]
# All else is in gunicorn.conf.py.
CMD ["gunicorn", "--bind", "0.0.0.0:8000"]
