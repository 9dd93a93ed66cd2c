"""The admin of leads, their lookups and receivers, and the making of companies."""

from leads.admin import companies, leads, lookups, receivers, relationships, rotations

__all__ = ["companies", "leads", "lookups", "receivers", "relationships", "rotations"]
