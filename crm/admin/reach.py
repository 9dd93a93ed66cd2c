"""Links that write an e-mail or call a number."""

import re
from collections.abc import Iterable
from urllib.parse import quote

from django.utils.html import format_html
from django.utils.safestring import SafeString


def mail_address(email: str) -> str:
    return f"mailto:{quote(email, safe='@+')}"


def call_address(phone: str) -> str:
    """Return the address that calls a number: its digits, and the sign of international numbers."""
    return f"tel:{re.sub(r'[^0-9+]', '', phone)}"


def reach_links(
    *, emails: Iterable[str | None] = (), phones: Iterable[str | None] = ()
) -> list[dict[str, str]]:
    """Return a link for each e-mail address and phone number, each once."""
    mails = [{"address": mail_address(email), "text": email} for email in dict.fromkeys(emails) if email]
    calls = [{"address": call_address(phone), "text": phone} for phone in dict.fromkeys(phones) if phone]
    return [*mails, *calls]


def mail_link(email: str | None) -> SafeString | str:
    return format_html('<a href="{}">{}</a>', mail_address(email), email) if email else ""


def call_link(phone: str | None) -> SafeString | str:
    return format_html('<a href="{}">{}</a>', call_address(phone), phone) if phone else ""
