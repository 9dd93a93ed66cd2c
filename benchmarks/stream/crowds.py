"""The companies of the benchmark: in one, members see all leads, in the other only their own."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

#: A user may hold so many sockets at a time; more subscribers are more users.
SOCKETS_PER_USER = 20
AUDIENCES = 50
#: The title of a lead before the first event of a run.
FIRST_TITLE = "Deal 0"


@dataclass(frozen=True, kw_only=True)
class Crowd:
    """Members of one company by their tokens, and leads of it.

    Where members see only their own leads, ``leads`` has one of each member, in their order.
    """

    company_id: int
    tokens: Sequence[str]
    leads: Sequence[int]

    def subscribers(self, number: int) -> list[tuple[str, int]]:
        """Return so many subscribers: the token of each, and the index of its member."""
        indexes = [index % len(self.tokens) for index in range(number)]
        return [(self.tokens[index], index) for index in indexes]


@dataclass(frozen=True, kw_only=True)
class Crowds:
    """The crowds of all cases.

    Members see all leads in ``everyone``, and in ``many``, the largest crowd. They see their own leads in
    ``involved``, where all members take part in each lead and receive its events, and in ``owners``, where
    none does.
    """

    everyone: Crowd
    many: Crowd
    involved: Crowd
    owners: Crowd


def prepare(address: str, *, redis: str, redis_prefix: str, subscribers: int, sockets: int) -> Crowds:
    """Create the database and whatever is missing in it; return the crowds, with new tokens.

    :param sockets: the size of the largest crowd.
    """
    os.environ |= {"DATABASE_URL": address, "REDIS_URL": redis, "REDIS_PREFIX": redis_prefix}
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    from benchmarks.dataset import migrate_own_database
    from crm.models import ApiToken, Event
    from crm.models.companies import LeadVisibility

    migrate_own_database()
    ApiToken.objects.filter(name="benchmark").delete()
    Event.objects.all().delete()
    few, all_of = ceil(subscribers / SOCKETS_PER_USER), ceil(sockets / SOCKETS_PER_USER)
    everyone = _crowd("All", LeadVisibility.ALL, members=max(few, all_of), leads=["shared"])
    members = min(AUDIENCES, few)
    own = _crowd("Own", LeadVisibility.OWN, members=members, leads=["involved", "owned"])
    half = len(own.leads) // 2
    return Crowds(
        everyone=_part(everyone, members=few),
        many=_part(everyone, members=all_of),
        involved=_part(own, leads=own.leads[:half]),
        owners=_part(own, leads=own.leads[half:]),
    )


def _part(crowd: Crowd, *, members: int | None = None, leads: Sequence[int] | None = None) -> Crowd:
    return Crowd(
        company_id=crowd.company_id,
        tokens=crowd.tokens[:members],
        leads=crowd.leads if leads is None else leads,
    )


def _crowd(name: str, visibility: str, *, members: int, leads: Sequence[str]) -> Crowd:
    from crm.actors import Role, system_actor
    from crm.models import Company
    from crm.services import members as memberships
    from crm.services import tokens
    from crm.services.companies import find_or_create_user, update_company
    from leads.services.company_setup import set_up_company

    company = Company.objects.filter(name=name).first()
    if company is None:
        admin, _ = find_or_create_user(f"{name.lower()}-admin")
        company = set_up_company(name, admin=admin)
        update_company({"lead_visibility": visibility}, actor=system_actor(company.pk))
    users = [find_or_create_user(f"agent-{number}", is_staff=False)[0] for number in range(members)]
    for user in users:
        memberships.add_member(company, user, Role.AGENT)
    raw = [tokens.create_token(user, company, name="benchmark")[1] for user in users]
    keys = [user.pk for user in users]
    owners = keys if visibility == "OWN" else keys[:1]
    found = [_lead(company.pk, title, owner, keys) for title in leads for owner in owners]
    return Crowd(company_id=company.pk, tokens=raw, leads=found)


def _lead(company_id: int, kind: str, owner: int, members: Sequence[int]) -> int:
    from crm.actors import system_actor
    from leads.models import Lead
    from leads.services.leads import create_lead, update_lead

    actor = system_actor(company_id)
    lead = Lead.objects.filter(company=company_id, owner=owner, description=kind).order_by("pk").first()
    if lead is None:
        person = {"firstname": "Ada", "lastname": f"Example {owner}"}
        lead = create_lead(
            {"title": FIRST_TITLE, "description": kind, "leads_owner_id": owner, "people": person},  # type: ignore[typeddict-item]  # its keys are those of PersonValues
            actor=actor,
        )
    involved: list[object] = [each for each in members if each != owner] if kind == "involved" else []
    update_lead(lead.pk, {"title": FIRST_TITLE, "participants_id": involved}, actor=actor)
    return lead.pk
