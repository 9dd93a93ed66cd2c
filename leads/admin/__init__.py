"""The admin of leads, their lookups, receivers and rotations, and of new companies."""

from leads.admin import companies, leads, lookups, receivers, rotations

__all__ = ["companies", "leads", "lookups", "receivers", "rotations"]
