"""Exports of people and organizations, in the columns of their imports."""

from people.exports.inputs import row_of_input
from people.exports.organizations import OrganizationExport
from people.exports.people import PersonExport

__all__ = ["OrganizationExport", "PersonExport", "row_of_input"]
