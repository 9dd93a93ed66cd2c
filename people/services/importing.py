"""Store one person or organization of an import; the policy decides about one that exists."""

from collections.abc import Callable
from typing import Any

from django.db import transaction

from crm.actors import Actor
from crm.errors import Conflict
from crm.models import DuplicatePolicy
from crm.records.row_import import Outcome
from people.services import organizations, people, upserting
from people.services.organizations import OrganizationValues
from people.services.people import PersonValues


def import_person(values: PersonValues, *, policy: DuplicatePolicy, actor: Actor) -> Outcome:
    if policy == DuplicatePolicy.CREATE:
        people.create_person(values, actor=actor)
        return "created"
    if policy == DuplicatePolicy.UPDATE:
        return _outcome(upserting.upsert_person(values, actor=actor))

    def known() -> Any:
        found = upserting.find_person(values, actor=actor)
        return found and found[0]

    return _created_unless(
        known, lambda: people.create_person(upserting.without_id(values), actor=actor), policy, actor
    )


def import_organization(values: OrganizationValues, *, policy: DuplicatePolicy, actor: Actor) -> Outcome:
    if policy == DuplicatePolicy.CREATE:
        organizations.create_organization(values, actor=actor)
        return "created"
    if policy == DuplicatePolicy.UPDATE:
        return _outcome(upserting.upsert_organization(values, actor=actor))
    return _created_unless(
        lambda: upserting.find_organization(values, actor=actor),
        lambda: organizations.create_organization(upserting.without_id(values), actor=actor),
        policy,
        actor,
    )


def _outcome(done: upserting.Upserted) -> Outcome:
    if done.created:
        return "created"
    return "updated" if done.changed else "skipped"


@transaction.atomic
def _created_unless(
    known: Callable[[], Any], create: Callable[[], Any], policy: DuplicatePolicy, actor: Actor
) -> Outcome:
    upserting.lock_matching(actor)
    found = known()
    if found is None:
        create()
        return "created"
    if policy == DuplicatePolicy.ERROR:
        raise Conflict("This record exists already.", ids=[str(found.pk)])
    return "skipped"
