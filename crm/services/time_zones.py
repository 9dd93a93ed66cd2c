"""The time zone whose days count for a member."""

from datetime import tzinfo

from crm.actors import Actor
from crm.dates import zone_of
from crm.models import Company, User


def member_zone(actor: Actor) -> tzinfo:
    """Return the time zone of the acting member, else of the company, else UTC."""
    users = User.objects.filter(pk=actor.user_id).values_list("timezone", flat=True)
    companies = Company.objects.filter(pk=actor.company_id).values_list("timezone", flat=True)
    return zone_of(users.first(), companies.first())
