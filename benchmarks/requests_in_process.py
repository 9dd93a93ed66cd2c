"""Sends requests to the WSGI application of the checkout in ``PYTHONPATH``, for ``benchmarks.side_by_side``.

A program and no module of the package: the package of an older checkout has other contents. It reads one task
a line, and answers with the CPU milliseconds of a request, in this process and in PostgreSQL's.
"""

import json
import sys
import time
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

#: So many leads and people are changed in turn.
ROWS = 100_000


def cpu_of(process: int) -> float:
    """Return the CPU seconds that a process has used, as the scheduler counts them."""
    return int(Path(f"/proc/{process}/schedstat").read_text().split()[0]) / 1e9


def bodies(task: dict[str, Any]) -> list[bytes]:
    """Return the bodies of a block; each changes another row, as in ``benchmarks/reads/post.lua``."""
    found = []
    for place in range(task["first"], task["first"] + task["number"]):
        lead = place * 37 % ROWS + 1
        # The dataset has lead n in stage n % 4 + 1.
        stage = (lead + 1 + place * 37 // ROWS) % 4 + 1
        found.append(task["body"].replace("LEAD", str(lead)).replace("STAGE", str(stage)).encode())
    return found


def start(_status: str, _headers: list[tuple[str, str]], _error: Any = None, /) -> Callable[[bytes], object]:
    return lambda _: None


def main() -> None:
    """Answer tasks until there are no more."""
    # It loads the applications, without which the others cannot be imported.
    from config.wsgi import application  # isort: skip
    from django.db import connection

    from crm.models import Company, User
    from crm.services import tokens

    company = Company.objects.get(name="Larger")
    _, token = tokens.create_token(User.objects.get(username="larger-admin"), company, name="benchmark")
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        [backend] = cursor.fetchone()

    def send(body: bytes) -> None:
        environ = {
            "REQUEST_METHOD": "POST",
            "PATH_INFO": "/graphql",
            "SCRIPT_NAME": "",
            "QUERY_STRING": "",
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "443",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "HTTP_HOST": "localhost",
            "HTTP_AUTHORIZATION": f"Bearer {token}",
            "REMOTE_ADDR": "127.0.0.1",
            "CONTENT_TYPE": "application/json",
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.input": BytesIO(body),
            "wsgi.errors": sys.stderr,
            "wsgi.url_scheme": "https",
            "wsgi.multithread": False,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        answer: Any = application(environ, start)
        text = b"".join(answer)
        if hasattr(answer, "close"):
            answer.close()
        if b'"errors"' in text or b'"data"' not in text:
            sys.stdout.write(f"{text!r}\n")
            sys.exit(1)

    for line in sys.stdin:
        task = json.loads(line)
        prepared = bodies(task)
        here, there = time.process_time(), cpu_of(backend)
        for body in prepared:
            send(body)
        taken = (time.process_time() - here, cpu_of(backend) - there)
        sys.stdout.write(json.dumps([1000 * each / task["number"] for each in taken]) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
