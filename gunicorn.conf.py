"""Gunicorn's configuration, which it finds by itself: the production server's command is ``gunicorn``."""

import os

wsgi_app = "config.wsgi"
bind = f"127.0.0.1:{os.environ.get('PORT') or 8000}"
worker_class = "config.server.worker.Worker"
# WEB_CONCURRENCY sets the number of processes. docs/operations.md has the measurement of threads.
threads = 4
# Longer than a proxy keeps its connections: a request never meets one that is about to be closed.
keepalive = 75
# A hung process is ended; requests have a deadline of their own.
timeout = 60
graceful_timeout = 30
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: S108  # a heartbeat, not a secret
control_socket_disable = True
logger_class = "config.server.gunicorn_logger.GunicornLogger"
