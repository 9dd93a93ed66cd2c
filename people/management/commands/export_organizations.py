"""Export organizations to a file."""

from crm.management.export_command import ExportCommand


class Command(ExportCommand):
    help = "Write the organizations that a member sees into a file that loads again; see docs/exports.md."
    exported = "ORGANIZATION"
