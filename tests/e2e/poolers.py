"""A PgBouncer that shares few connections to PostgreSQL between many clients, by transaction."""

import os
import re
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import SplitResult

from tests.e2e.servers import Api, free_port, running
from tests.requirements import find_pgbouncer

#: Fewer than the clients of the tests, so that a client finds another connection at each transaction.
CONNECTIONS = 3
#: From here on prepared statements are on by default, and the fixes that they need are in.
PREPARES_FROM = (1, 24)
#: PgBouncer refuses to run as root.
UNPRIVILEGED = "nobody"


def knows_prepared_statements() -> bool:
    done = subprocess.run([find_pgbouncer(), "--version"], capture_output=True, text=True, check=True)
    found = re.search(r"(\d+)\.(\d+)", done.stdout)
    assert found is not None
    return (int(found[1]), int(found[2])) >= PREPARES_FROM


@contextmanager
def pooler(server: SplitResult, *, role: str, password: str) -> Iterator[str]:
    """Run a PgBouncer in front of a database of a server; yield the URL of the database behind it."""
    database, port = server.path.removeprefix("/"), free_port()
    with tempfile.TemporaryDirectory() as made:
        directory = Path(made)
        (directory / "users").write_text(f'"{role}" "{password}"\n')
        (directory / "ini").write_text(
            "[databases]\n"
            f"{database} = host={server.hostname} port={server.port or 5432} dbname={database}\n"
            "[pgbouncer]\n"
            f"listen_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n"
            f"auth_type = trust\nauth_file = {directory}/users\n"
            f"pool_mode = transaction\ndefault_pool_size = {CONNECTIONS}\nmax_client_conn = 200\n"
        )
        command = [find_pgbouncer(), "--quiet", str(directory / "ini")]
        if os.geteuid() == 0:
            command[1:1] = ["--user", UNPRIVILEGED]
            # For the user that it becomes.
            directory.chmod(0o755)
        with running(*command, env={"PATH": os.environ["PATH"]}) as lines:
            Api(port, "").wait_until_up(lines)
            yield f"postgres://{role}@127.0.0.1:{port}/{database}"
