"""Import people from a file."""

from crm.management.import_command import ImportCommand
from people.imports import PersonImport


class Command(ImportCommand):
    help = "Make a person of each row of a file, or change a known one; see docs/imports.md."
    row_import = PersonImport
