#!/usr/bin/env python
"""Command line of the project."""

import os
import sys

from config.gc_tuning import raise_thresholds

if __name__ == "__main__":
    raise_thresholds()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    try:
        from django.core.exceptions import ImproperlyConfigured
        from django.core.management import execute_from_command_line
    except ModuleNotFoundError as error:
        sys.exit(f"manage.py: {error}. Run `make install`, then .venv/bin/python manage.py.")
    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        sys.exit(f"manage.py: {error}")
    except Exception as error:
        from crm.database.failures import refusal_of

        refusal = refusal_of(error)
        if refusal is None or "--traceback" in sys.argv:
            raise
        # Of the driver's text the first line says what happened; the others repeat the statement.
        reason = str(error).strip().partition(os.linesep)[0]
        sys.exit(f"manage.py: {refusal.message.partition('.')[0]}: {reason}")
