"""Import leads from a file."""

from crm.management.import_command import ImportCommand
from leads.imports import LeadImport


class Command(ImportCommand):
    help = "Make a lead of each row of a file; see docs/imports.md for its columns."
    row_import = LeadImport
