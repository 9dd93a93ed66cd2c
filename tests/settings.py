"""Settings of the test suite: those of the product, with the services that the environment names."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

directory = Path(tempfile.mkdtemp(prefix="crm-tests-"))
atexit.register(shutil.rmtree, directory, ignore_errors=True)
# Every variable is set: the real environment wins over a developer's .env, which must not decide on tests.
os.environ |= {
    "ADMIN_URL": "admin/",
    "API_RATE_LIMIT": "0",
    "CORS_ALLOWED_ORIGINS": "",
    "AUDIT_RETENTION_DAYS": "180",
    "CSRF_TRUSTED_ORIGINS": "",
    "DATABASE_POOLER": "",
    "API_TOKEN_RETENTION_DAYS": "90",
    "DATABASE_POOL_SIZE": "0",
    "DATABASE_PREPARED_STATEMENTS": "true",
    "DATABASE_STATEMENT_TIMEOUT": "60",
    "DATABASE_URL": os.environ.get("TEST_DATABASE_URL") or f"sqlite:///{directory}/db.sqlite3",
    "DEFAULT_FROM_EMAIL": "crm@example.com",
    "DJANGO_ALLOWED_HOSTS": "localhost,127.0.0.1,testserver",
    "DJANGO_DEBUG": "true",
    "DJANGO_SECRET_KEY": "tests-only",
    "EMAIL_URL": "smtp://127.0.0.1:9",
    "EVENT_RETENTION_DAYS": "7",
    "FILES_BUCKET": "",
    "FILES_MB_PER_COMPANY": "10240",
    "FILES_PER_COMPANY": "100000",
    "FILES_ROOT": str(directory / "files"),
    "FILES_STORAGE": "local",
    "GRAPHIQL_ENABLED": "false",
    "GRAPHQL_COMPILED_READS": "true",
    "GRAPHQL_FAST_PATH": "true",
    "GRAPHQL_GET_ENABLED": "true",
    "GRAPHQL_MAX_ANSWER_BYTES": "8388608",
    "GRAPHQL_MAX_OBJECTS": "10000",
    "GRAPHQL_REGISTERED_ONLY": "false",
    "IMPORT_RETENTION_DAYS": "90",
    "INVITATION_DAYS": "7",
    "MAILBOX_MOVE_TO": "",
    "MAILBOX_URL": "",
    "MAIL_ADDRESS": "crm@in.example.com",
    "MAIL_AUTHENTICATION_SERVERS": "mx.example.com",
    "MAIL_PROVIDER": "",
    "MAIL_PROVIDER_KEY": "",
    "MONITORING_TOKEN": "",
    "OPEN_IMPORTS_PER_COMPANY": "20",
    "NOTIFICATION_RETENTION_DAYS": "90",
    # A provider that nobody reaches; tests of single sign-on start their own.
    "OIDC_CLIENT_ID": "crm",
    "OIDC_CLIENT_SECRET": "client-secret",
    "OIDC_ISSUER": "http://127.0.0.1:9",
    "OIDC_JOIN_COMPANY": "",
    "OIDC_JOIN_ROLE": "",
    "OIDC_NAME": "Example ID",
    "PORT": "8000",
    "PUBLIC_URL": "",
    "RECEIVER_ATTEMPT_RETENTION_DAYS": "90",
    # Of its own for each process: runs side by side do not hear one another, and servers of a test hear it.
    "REDIS_PREFIX": directory.name,
    "REDIS_URL": os.environ.get("TEST_REDIS_URL", ""),
    # As long as the patience of tests.
    "REQUEST_DEADLINE": "300",
    "SIGN_IN_ACCOUNT_FAILURES": "10",
    "SIGN_IN_ADDRESS_FAILURES": "50",
    "SIGN_IN_WINDOW_MINUTES": "15",
    "TRUSTED_PROXY_COUNT": "0",
    "WEBHOOK_ALLOW_PRIVATE": "true",
    "WEBHOOK_MESSAGES_PER_MINUTE": "0",
    "WEBHOOK_PAUSE_AFTER_DAYS": "5",
    "WEBHOOK_PORTS": "any",
    "WEB_CONCURRENCY": "1",
    # Longer than a test may take.
    "WORK_LEASE_SECONDS": "900",
}

from config.settings import *  # noqa: E402, F403
from config.settings import DATABASES  # noqa: E402

# A file, since threads of one test write at the same time: the in-memory database would refuse the second.
if DATABASES["default"]["ENGINE"] == "config.sqlite":
    DATABASES["default"]["TEST"] = {"NAME": str(directory / "test.sqlite3")}
    # Nothing is to survive a power cut.
    DATABASES["default"]["OPTIONS"]["init_command"] += "; PRAGMA synchronous=OFF"
else:
    # Nor here; and a test may compute for as long as it has to while its transaction is open.
    DATABASES["default"]["OPTIONS"]["options"] += (
        " -c synchronous_commit=off -c idle_in_transaction_session_timeout=0"
    )

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# Static files come from the apps; nothing is collected for a test.
WHITENOISE_AUTOREFRESH = True
