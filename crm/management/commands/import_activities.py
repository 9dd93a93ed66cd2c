"""Import activities from a file."""

from crm.imports import ActivityImport
from crm.management.import_command import ImportCommand


class Command(ImportCommand):
    help = "Make an activity of each row of a file, or change a known one; see docs/imports.md."
    row_import = ActivityImport
