"""Django settings, read from the environment. The defaults are for development and safe on a laptop.

Unsafe settings are refused here, because every entry point (manage.py, gunicorn, uvicorn) imports this.
"""

import warnings
from pathlib import Path
from typing import Any

import django_stubs_ext
from django.core.exceptions import ImproperlyConfigured

from config.account_settings import *  # noqa: F403
from config.account_settings import SSO_APPS
from config.environment import (
    API_RATE_LIMIT_DEFAULT,
    DEBUG,
    GRAPHQL_MAX_ANSWER_BYTES_DEFAULT,
    GRAPHQL_MAX_OBJECTS_DEFAULT,
    LEAST_SECRET_LENGTH,
    REQUEST_DEADLINE_DEFAULT,
    ROOT,
    database,
    development_secret,
    env,
    file_storage,
    number,
    origins,
    pooler_kind,
    ports,
    redis_address,
    server_settings,
)
from config.logs import logging_config
from config.mail_settings import *  # noqa: F403

django_stubs_ext.monkeypatch()

BASE_DIR: Path = ROOT
LOOPBACK_HOSTS = ["localhost", "127.0.0.1", "[::1]"]
YEAR_IN_SECONDS = 31_536_000
ALLOWED_HOSTS = env.list("DJANGO_ALLOWED_HOSTS", default=LOOPBACK_HOSTS if DEBUG else [])
SECRET_KEY = env.str("DJANGO_SECRET_KEY", default="") or (
    development_secret(BASE_DIR / ".secret-key") if DEBUG else ""
)
# Former keys: sessions and receivers' keys made with them stay valid.
SECRET_KEY_FALLBACKS = env.list("DJANGO_SECRET_KEY_FALLBACKS", default=[])
REDIS_URL = redis_address(env.str("REDIS_URL", default=""))
# Redis publishes messages to all database numbers, so only the prefix separates installations.
REDIS_PREFIX = env.str("REDIS_PREFIX", default="crm")
PORT = number(env, "PORT", 8000)
WEB_CONCURRENCY = number(env, "WEB_CONCURRENCY", 1)
# Seconds that both servers wait for the head of a request; for its body, and for a client to take the answer,
# CLIENT_BODY_SECONDS and one second more for each CLIENT_BYTE_RATE bytes that have moved.
CLIENT_HEAD_SECONDS = number(env, "CLIENT_HEAD_SECONDS", 10)
CLIENT_BODY_SECONDS = number(env, "CLIENT_BODY_SECONDS", 20)
CLIENT_BYTE_RATE = number(env, "CLIENT_BYTE_RATE", 16_384)
# Connections of a process, and bytes that its unfinished request bodies may have together.
CLIENT_CONNECTIONS = number(env, "CLIENT_CONNECTIONS", 1_000)
CLIENT_BODY_SPACE = number(env, "CLIENT_BODY_SPACE", 2_000_000_000)
PUBLIC_URL = env.str("PUBLIC_URL", default="").rstrip("/")
TRUSTED_PROXY_COUNT = number(env, "TRUSTED_PROXY_COUNT", 0)
# Clients that were away longer cannot catch up.
EVENT_RETENTION_DAYS = number(env, "EVENT_RETENTION_DAYS", 7)
# What a company may keep and have open at once; 0: any number.
FILES_PER_COMPANY = number(env, "FILES_PER_COMPANY", 100_000)
FILES_MB_PER_COMPANY = number(env, "FILES_MB_PER_COMPANY", 10_240)
IMPORT_SINGLE_EVENTS = number(env, "IMPORT_SINGLE_EVENTS", 1_000)
OPEN_IMPORTS_PER_COMPANY = number(env, "OPEN_IMPORTS_PER_COMPANY", 20)
# Days after which the background work removes what is of no more use; 0: never.
RECEIVER_ATTEMPT_RETENTION_DAYS = number(env, "RECEIVER_ATTEMPT_RETENTION_DAYS", 90)
IMPORT_RETENTION_DAYS = number(env, "IMPORT_RETENTION_DAYS", 90)
#: A file of an export holds what many records hold.
EXPORT_RETENTION_DAYS = number(env, "EXPORT_RETENTION_DAYS", 7)
API_TOKEN_RETENTION_DAYS = number(env, "API_TOKEN_RETENTION_DAYS", 90)
NOTIFICATION_RETENTION_DAYS = number(env, "NOTIFICATION_RETENTION_DAYS", 90)
# Seconds after which another process takes over from a worker that is silent. One message may take 15.
WORK_LEASE_SECONDS = number(env, "WORK_LEASE_SECONDS", 90)
# Who sends it as a bearer token is told the state of the background work by /readyz.
MONITORING_TOKEN = env.str("MONITORING_TOKEN", default="")
# If false, webhooks only go to public addresses over https; if true, also to private ones and over http.
WEBHOOK_ALLOW_PRIVATE = env.bool("WEBHOOK_ALLOW_PRIVATE", default=DEBUG)
# Ports that webhooks may use besides 443; None, which the environment calls any, stands for all.
WEBHOOK_PORTS = ports(env, "WEBHOOK_PORTS", default="any" if DEBUG else "")
# Days without a success after which a failing webhook endpoint is paused; 0: never.
WEBHOOK_PAUSE_AFTER_DAYS = number(env, "WEBHOOK_PAUSE_AFTER_DAYS", 5)
# Messages a minute that one webhook endpoint is sent, also by an import; 0: as many as it takes.
WEBHOOK_MESSAGES_PER_MINUTE = number(env, "WEBHOOK_MESSAGES_PER_MINUTE", 0 if DEBUG else 1200)
# Seconds after which a request is ended; 0: never.
REQUEST_DEADLINE = number(env, "REQUEST_DEADLINE", REQUEST_DEADLINE_DEFAULT)
API_RATE_LIMIT = number(env, "API_RATE_LIMIT", 0 if DEBUG else API_RATE_LIMIT_DEFAULT)
GRAPHIQL_ENABLED = env.bool("GRAPHIQL_ENABLED", default=False)
# If false, all queries run in the standard executor, as on SQLite: to compare, or to find a fault.
GRAPHQL_COMPILED_READS = env.bool("GRAPHQL_COMPILED_READS", default=True)
# If false, GraphQL POSTs with a token run Django's middleware too: config.fast_path.
GRAPHQL_FAST_PATH = env.bool("GRAPHQL_FAST_PATH", default=True)
# For all companies. Each company also has its own switch.
GRAPHQL_REGISTERED_ONLY = env.bool("GRAPHQL_REGISTERED_ONLY", default=False)
GRAPHQL_SCHEMA = "config.schema.schema"
# Overrides of crm.graphql.limits by name.
GRAPHQL_LIMITS: dict[str, int] = {}
# What one answer may hold, and how many bytes of JSON it may have.
GRAPHQL_MAX_OBJECTS = number(env, "GRAPHQL_MAX_OBJECTS", GRAPHQL_MAX_OBJECTS_DEFAULT)
GRAPHQL_MAX_ANSWER_BYTES = number(env, "GRAPHQL_MAX_ANSWER_BYTES", GRAPHQL_MAX_ANSWER_BYTES_DEFAULT)
GRAPHQL_GET_ENABLED = env.bool("GRAPHQL_GET_ENABLED", default=True)

if DEBUG and "DJANGO_DEBUG" not in env and not set(ALLOWED_HOSTS) <= set(LOOPBACK_HOSTS):
    raise ImproperlyConfigured(
        "DJANGO_ALLOWED_HOSTS names other hosts than this one while debug is on by default: "
        "set DJANGO_DEBUG=false to serve them, or DJANGO_DEBUG=true to debug there on purpose."
    )
if not DEBUG and len(SECRET_KEY) < LEAST_SECRET_LENGTH:
    raise ImproperlyConfigured(
        f"DJANGO_SECRET_KEY must hold {LEAST_SECRET_LENGTH} or more random characters if DJANGO_DEBUG is off."
    )
if not DEBUG and (not ALLOWED_HOSTS or "*" in ALLOWED_HOSTS):
    raise ImproperlyConfigured(
        "DJANGO_ALLOWED_HOSTS must name the hosts to serve, and not *, when DJANGO_DEBUG is false."
    )
if not DEBUG and WEB_CONCURRENCY > 1 and not REDIS_URL:
    raise ImproperlyConfigured(
        "WEB_CONCURRENCY is above 1 without REDIS_URL: the in-memory layer reaches one process only."
    )

INSTALLED_APPS = [
    "config.apps.CrmAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "channels",
    "corsheaders",
    "django_filters",
    "allauth.account",
    "allauth.mfa",
    "crm",
    "people",
    "pipelines",
    "leads",
    *SSO_APPS,
]

# A change switches the GraphQL fast path off, until FAST_PATH_MIDDLEWARE in config/checks.py follows.
MIDDLEWARE = [
    "config.middleware.request_id",
    "config.middleware.security_headers",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "config.failures.Sessions",
    "django.middleware.common.CommonMiddleware",
    # Behind the check of the host, so that no preflight of another host is answered.
    "config.cors.Cors",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "config.languages.language",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "config.middleware.RefuseLockedOut",
    "config.failures.DatabaseFailures",
]

ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"
# The class of uvicorn's HTTP connections under manage.py serve.
ASGI_PROTOCOL = "config.server.asgi_protocol:PatientProtocol"
WSGI_APPLICATION = "config.wsgi.application"
ADMIN_URL = f"{env.str('ADMIN_URL', default='').strip('/') or 'admin'}/"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

DATABASE_POOLER = pooler_kind(env.str("DATABASE_POOLER", default=""))
DATABASE_STATEMENT_TIMEOUT = number(env, "DATABASE_STATEMENT_TIMEOUT", 10)
# What the role must carry behind a pooler; without one, each connection sets it when it starts.
DATABASE_SERVER_SETTINGS = server_settings(DATABASE_STATEMENT_TIMEOUT)
DATABASES = {
    "default": database(
        env.str("DATABASE_URL", default="") or f"sqlite:///{BASE_DIR / 'db.sqlite3'}",
        pool_size=number(env, "DATABASE_POOL_SIZE", 20),
        max_age=number(env, "DATABASE_MAX_AGE", 0),
        statement_timeout=DATABASE_STATEMENT_TIMEOUT,
        # Not every pooler knows prepared statements, so behind one they are switched on by name.
        prepared=env.bool("DATABASE_PREPARED_STATEMENTS", default=not DATABASE_POOLER),
        pooler=DATABASE_POOLER,
    )
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# In seconds, so that a Redis that hangs does not block a request.
REDIS_TIMEOUTS = {"socket_timeout": 1, "socket_connect_timeout": 1}
CHANNEL_LAYERS: dict[str, Any] = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
CACHES: dict[str, Any] = {
    name: {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": name}
    # Documents have their own cache, so that many of them cannot evict the counters of the rate limit.
    for name in ("default", "documents")
}
if REDIS_URL:
    CHANNEL_LAYERS["default"] = {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [{"address": REDIS_URL, **REDIS_TIMEOUTS}], "prefix": REDIS_PREFIX},
    }
    for name in CACHES:
        CACHES[name] = {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": REDIS_URL,
            "KEY_PREFIX": REDIS_PREFIX,
            "OPTIONS": dict(REDIS_TIMEOUTS),
        }

USE_TZ = True
TIME_ZONE = "UTC"

STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "static-collected"
STORAGES = {
    "default": file_storage(
        env.str("FILES_STORAGE", default="local"),
        directory=env.str("FILES_ROOT", default=str(BASE_DIR / "media")),
        bucket=env.str("FILES_BUCKET", default=""),
    ),
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
WHITENOISE_ALLOW_ALL_ORIGINS = False
# WhiteNoise reads files synchronously, also under ASGI. In production a proxy serves them.
warnings.filterwarnings("ignore", message="StreamingHttpResponse must consume synchronous iterators")

# A form of the admin holds a person with all the contacts, addresses and positions that it may have.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 10_000

# A setting of Django 6; until then config.middleware reads it.
SECURE_CSP = {
    "default-src": ["'self'"],
    "object-src": ["'none'"],
    "base-uri": ["'none'"],
    "frame-ancestors": ["'none'"],
    "form-action": ["'self'"],
}
# Other sites whose pages may call the API and receivers: config.cors. Their cookies never count, so
# CORS_ALLOW_CREDENTIALS stays false.
CORS_ALLOWED_ORIGINS = origins(env, "CORS_ALLOWED_ORIGINS")
CORS_ALLOW_METHODS = ["GET", "OPTIONS", "POST"]
CORS_ALLOW_HEADERS = [
    "accept",
    "authorization",
    "content-type",
    "idempotency-key",
    "last-event-id",
    "x-company",
    "x-receiver-secret",
    "x-receiver-signature",
]
CORS_EXPOSE_HEADERS = [
    "Idempotent-Replayed",
    "RateLimit",
    "RateLimit-Policy",
    "Retry-After",
    "X-Request-ID",
]
CORS_PREFLIGHT_MAX_AGE = 7200
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
if TRUSTED_PROXY_COUNT:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
if not DEBUG:
    SESSION_COOKIE_SECURE = True
    SESSION_COOKIE_NAME = "__Host-sessionid"
    CSRF_COOKIE_SECURE = True
    CSRF_COOKIE_NAME = "__Host-csrftoken"
    SECURE_SSL_REDIRECT = env.bool("DJANGO_SSL_REDIRECT", default=True)
    SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
    SECURE_HSTS_SECONDS = number(env, "DJANGO_HSTS_SECONDS", YEAR_IN_SECONDS)
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = env.bool("DJANGO_HSTS_PRELOAD", default=False)
SILENCED_SYSTEM_CHECKS = [
    # It asks for HSTS preload, which commits the owner's whole domain for years: see DJANGO_HSTS_PRELOAD.
    "security.W021",
    # SQLite leaves out the further columns of an index, which only spare PostgreSQL a look at the table.
    "models.W040",
]

LOGGING = logging_config(debug=DEBUG, debug_loggers=env.list("LOG_DEBUG", default=[]))
