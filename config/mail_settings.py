"""Settings of e-mails that come in, read from the environment."""

from importlib.util import find_spec
from typing import Any
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

from config.environment import env
from crm.emails import has_email_form

IMAP_PORTS = {"imaps": 993, "imap": 143}
LOOPBACK = ("127.0.0.1", "localhost", "::1")
#: The providers whose requests django-anymail checks by a signature.
PROVIDERS = ("mailersend", "mailgun", "mandrill", "postal")
#: Of the 64 characters before the @, a key takes 32 and the plus sign one.
LONGEST_LOCAL_PART = 31


def mailbox(url: str) -> dict[str, Any] | None:
    """Return how to reach the mailbox of a URL, None without one. Errors repeat no password."""
    if not url:
        return None
    shape = "MAILBOX_URL must read imaps://USER:PASSWORD@HOST/FOLDER, with @ and the like percent-encoded"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ImproperlyConfigured(f"{shape}.") from error
    if parts.scheme not in IMAP_PORTS or not (parts.hostname and parts.username and parts.password):
        raise ImproperlyConfigured(f"{shape}.")
    # "imap" begins without encryption and asks for it, but on this machine.
    plain = "none" if parts.hostname in LOOPBACK else "starttls"
    return {
        "host": parts.hostname,
        "port": port or IMAP_PORTS[parts.scheme],
        "user": unquote(parts.username),
        "password": unquote(parts.password),
        "folder": unquote(parts.path.strip("/")) or "INBOX",
        "encryption": "tls" if parts.scheme == "imaps" else plain,
    }


def mail_address(address: str) -> str:
    """Return the address of the mailbox, empty for none."""
    local = address.rpartition("@")[0]
    if address and ("+" in local or len(local) > LONGEST_LOCAL_PART or not has_email_form(address)):
        raise ImproperlyConfigured(
            f"MAIL_ADDRESS must be an e-mail address without + whose part before the @ has at most"
            f" {LONGEST_LOCAL_PART} characters; it is {address!r}."
        )
    return address


def mail_provider(name: str, key: str) -> str:
    """Return the name of the provider that sends e-mails as requests, empty for none."""
    if not name:
        return ""
    if name not in PROVIDERS:
        raise ImproperlyConfigured(f"MAIL_PROVIDER must be one of {', '.join(PROVIDERS)}; it is {name!r}.")
    if not key:
        raise ImproperlyConfigured("MAIL_PROVIDER needs MAIL_PROVIDER_KEY, by which it signs requests.")
    if find_spec("anymail") is None:
        raise ImproperlyConfigured('MAIL_PROVIDER: install the extra, pip install "open-crm[mail]".')
    return name


MAIL_ADDRESS = mail_address(env.str("MAIL_ADDRESS", default="").strip())
MAILBOX = mailbox(env.str("MAILBOX_URL", default=""))
# The folder that messages move to once they are stored; without one they stay, with a keyword.
MAILBOX_MOVE_TO = env.str("MAILBOX_MOVE_TO", default="")
MAIL_PROVIDER_KEY = env.str("MAIL_PROVIDER_KEY", default="")
MAIL_PROVIDER = mail_provider(env.str("MAIL_PROVIDER", default=""), MAIL_PROVIDER_KEY)
# Mail servers whose Authentication-Results prove that a member wrote a message.
MAIL_AUTHENTICATION_SERVERS = [
    name.strip().lower() for name in env.list("MAIL_AUTHENTICATION_SERVERS", default=[]) if name.strip()
]
if (MAILBOX or MAIL_PROVIDER) and not MAIL_ADDRESS:
    raise ImproperlyConfigured("Set MAIL_ADDRESS to the address that receivers of e-mails begin with.")
