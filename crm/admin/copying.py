"""Texts that are copied by a button, such as a token that is shown once."""

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _


def copyable(text: str) -> SafeString:
    """Return a text that a click selects as a whole; ``copy.js`` puts a button beside it."""
    return format_html(
        '<code class="copyable" data-copy="{}" data-copied="{}">{}</code>', _("Copy"), _("Copied"), text
    )
