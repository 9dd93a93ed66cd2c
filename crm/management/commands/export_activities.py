"""Export activities to a file."""

from crm.management.export_command import ExportCommand


class Command(ExportCommand):
    help = "Write the activities that a member sees into a file; see docs/exports.md."
    exported = "ACTIVITY"
