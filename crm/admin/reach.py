"""Links that write an e-mail or call a number."""

import re
from urllib.parse import quote

from django.utils.html import format_html
from django.utils.safestring import SafeString

EXTENSION = re.compile(r"(?i)\b(?:ext|x)|;|#")


def mail_address(email: str) -> str:
    return f"mailto:{quote(email, safe='@+')}"


def call_address(phone: str) -> str:
    """Return the address that calls a number; an extension is left to the caller."""
    # The zero in parentheses is dialled only without the code of the country.
    number = EXTENSION.split(phone)[0].replace("(0)", "")
    sign = "+" if phone.lstrip().startswith("+") else ""
    return f"tel:{sign}{re.sub(r'[^0-9]', '', number)}"


def mail_link(email: str | None) -> SafeString | str:
    return format_html('<a href="{}">{}</a>', mail_address(email), email) if email else ""


def call_link(phone: str | None) -> SafeString | str:
    return format_html('<a href="{}">{}</a>', call_address(phone), phone) if phone else ""
