"""The container's health check: ``python -m config.healthcheck`` exits with 0 if the server is up, else 1."""

import http.client
import os
import sys


def is_up(port: int = 8000) -> bool:
    """Return whether the server on this port answers /healthz with 200 within 3 s."""
    # The server answers 400 to hosts that are not allowed, including its own address.
    host = os.environ.get("DJANGO_ALLOWED_HOSTS", "localhost").split(",")[0].strip().lstrip(".")
    server = http.client.HTTPConnection("127.0.0.1", port, timeout=3)
    try:
        server.request("GET", "/healthz", headers={"Host": host})
        return server.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        server.close()


if __name__ == "__main__":
    sys.exit(0 if is_up() else 1)
