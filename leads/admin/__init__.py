"""The admin of leads, their lookups, receivers and rotations, and of new companies."""

# Imported for their registrations.
from leads.admin import companies, entries, leads, lookups, my_day, receivers, related, rotations  # noqa: F401
