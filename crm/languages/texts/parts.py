"""Texts that services put together, and words inside of their messages; kept by hand."""

from django.utils.translation import gettext_noop

TEXTS = (
    gettext_noop("Import of %(what)s failed: %(error)s"),
    gettext_noop(
        "Import of %(what)s is done: %(created)s created, %(updated)s updated, %(skipped)s skipped,"
        " %(failed)s failed"
    ),
    gettext_noop(
        "Import of %(what)s was tried out: %(created)s created, %(updated)s updated, %(skipped)s skipped,"
        " %(failed)s failed"
    ),
    gettext_noop("Stage: %(before)s -> %(after)s"),
    gettext_noop("Stage: %(before)s -> %(after)s, after %(duration)s"),
)
#: Words that stand in the place of a value.
WORDS = (
    gettext_noop("Somebody"),
    gettext_noop("A note"),
    gettext_noop("A task"),
    gettext_noop("A call"),
    gettext_noop("A meeting"),
    gettext_noop("An e-mail"),
    gettext_noop("people"),
    gettext_noop("organizations"),
    gettext_noop("leads"),
    gettext_noop("absent"),
    gettext_noop("not an active agent"),
    gettext_noop("at capacity"),
    gettext_noop("percent 0"),
    gettext_noop("due date"),
)
#: The same, around a number.
NUMBERS = (
    gettext_noop("%(number)s minute"),
    gettext_noop("%(number)s minutes"),
    gettext_noop("%(number)s hour"),
    gettext_noop("%(number)s hours"),
    gettext_noop("%(number)s day"),
    gettext_noop("%(number)s days"),
)
