"""Export people to a file."""

from crm.management.export_command import ExportCommand


class Command(ExportCommand):
    help = "Write the people that a member sees into a file that loads again; see docs/exports.md."
    exported = "PEOPLE"
