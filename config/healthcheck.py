"""Ask the server of this container whether it is up: python -m config.healthcheck; the exit code tells."""

import http.client
import os
import sys


def is_up(port: int = 8000) -> bool:
    """Tell whether the server on this port of this machine answers /healthz with 200, within 3 s."""
    # By a name that the server serves, or it would refuse the probe.
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
