"""Import organizations from a file."""

from crm.management.import_command import ImportCommand
from people.organization_imports import OrganizationImport


class Command(ImportCommand):
    help = "Make an organization of each row of a file, or change a known one; see docs/imports.md."
    row_import = OrganizationImport
