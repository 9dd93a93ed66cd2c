"""Texts of Django's own pages that our catalogs word anew: one word for one thing on all pages; kept by hand."""

from django.utils.translation import gettext_noop

TEXTS = (
    # Django's German has "sichern" for what all other buttons call "speichern".
    gettext_noop("Save and continue editing"),
    gettext_noop("Save and add another"),
    gettext_noop("Save and view"),
    gettext_noop("Save as new"),
)
