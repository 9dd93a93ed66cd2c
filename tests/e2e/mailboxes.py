"""A real IMAP server (Dovecot) on a free port, as an ordinary user, with a mailbox for each name."""

import getpass
import os
import pwd
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any

from imap_tools import MailBoxUnencrypted

from tests.e2e.servers import free_port
from tests.patience import PATIENCE_SECONDS
from tests.requirements import find_dovecot

PASSWORD = "p@ss/word"
_NUMBERS = count()


@dataclass(frozen=True)
class ImapServer:
    """A mailbox of the server: where it listens, and the user."""

    port: int
    user: str = "crm"

    def another(self) -> "ImapServer":
        """Return an empty mailbox of the same server."""
        return replace(self, user=f"crm{next(_NUMBERS)}")

    @property
    def place(self) -> dict[str, Any]:
        """Return what the setting MAILBOX holds for it."""
        return {
            "host": "127.0.0.1",
            "port": self.port,
            "user": self.user,
            "password": PASSWORD,
            "folder": "INBOX",
            "encryption": "none",
        }

    @contextmanager
    def box(self, folder: str = "INBOX") -> Iterator[MailBoxUnencrypted]:
        with MailBoxUnencrypted("127.0.0.1", self.port, timeout=PATIENCE_SECONDS) as box:
            box.login(self.user, PASSWORD, initial_folder=folder)
            yield box

    def append(self, *messages: bytes, folder: str = "INBOX") -> None:
        with self.box() as box:
            for raw in messages:
                box.append(raw, folder)

    def flags(self, folder: str = "INBOX") -> list[set[str]]:
        """Return the flags of each message of a folder, but that it is new."""
        with self.box(folder) as box:
            found = [set(each.flags) for each in box.fetch(mark_seen=False, headers_only=True)]
        return [flags - {"\\Recent"} for flags in found]

    def uid_validity(self, folder: str) -> int:
        with self.box() as box:
            return int(box.folder.status(folder)["UIDVALIDITY"])


@contextmanager
def imap_server() -> Iterator[ImapServer]:
    """Run Dovecot; as root its processes become nobody's."""
    user = "nobody" if os.geteuid() == 0 else getpass.getuser()
    group = "nogroup" if os.geteuid() == 0 else None
    port = free_port()
    with tempfile.TemporaryDirectory() as made:
        home = Path(made)
        home.chmod(0o755)
        mail = home / "mail"
        mail.mkdir()
        if os.geteuid() == 0:
            entry = pwd.getpwnam(user)
            os.chown(mail, entry.pw_uid, entry.pw_gid)
        configuration = home / "dovecot.conf"
        configuration.write_text(_configuration(home, port, user, group))
        process = subprocess.Popen(
            [find_dovecot(), "-F", "-c", str(configuration)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        try:
            _wait_until_up(port, process, home)
            yield ImapServer(port)
        finally:
            process.terminate()
            process.wait(PATIENCE_SECONDS)
            assert process.stdout is not None
            process.stdout.close()


def _configuration(home: Path, port: int, user: str, group: str | None) -> str:
    unprivileged = "" if group is None else f"default_login_user = {user}\ndefault_internal_group = {group}\n"
    chroot = "".join(f"service {name} {{\n chroot =\n}}\n" for name in ("anvil", "imap-login", "stats"))
    return (
        f"base_dir = {home}/run\nstate_dir = {home}/state\nlog_path = {home}/log\nprotocols = imap\n"
        "listen = 127.0.0.1\nssl = no\ndisable_plaintext_auth = no\nauth_mechanisms = plain login\n"
        f"default_internal_user = {user}\n{unprivileged}"
        f"mail_location = maildir:{home}/mail/%u\nfirst_valid_uid = 1\nfirst_valid_gid = 1\n"
        # Whoever knows the password has a mailbox.
        f"passdb {{\n driver = static\n args = password={PASSWORD}\n}}\n"
        f"userdb {{\n driver = static\n args = uid={user} gid={group or user} home={home}/mail/%u\n}}\n"
        f"service imap-login {{\n inet_listener imap {{\n  port = {port}\n }}\n"
        " inet_listener imaps {\n  port = 0\n }\n}\n"
        f"{chroot}"
        # Whoever names a wrong password, and whoever comes after, is answered at once.
        "auth_failure_delay = 0\nservice anvil {\n unix_listener anvil-auth-penalty {\n  mode = 0\n }\n}\n"
    )


def _wait_until_up(port: int, process: "subprocess.Popen[bytes]", home: Path) -> None:
    for _ in range(PATIENCE_SECONDS * 10):
        if process.poll() is not None:
            break
        with socket.socket() as client:
            client.settimeout(PATIENCE_SECONDS)
            # Once it greets, it serves.
            if client.connect_ex(("127.0.0.1", port)) == 0 and client.recv(100):
                return
        try:
            # Until it ends, or a tenth of a second has passed.
            process.wait(0.1)
        except subprocess.TimeoutExpired:
            continue
    log = home / "log"
    raise AssertionError(f"Dovecot did not start: {log.read_text() if log.exists() else ''}")
