"""Store one person or organization of an import; the policy decides about one that exists."""

from collections.abc import Callable
from typing import Any

from django.db import transaction

from crm.actors import Actor
from crm.errors import Conflict, ConflictReason
from crm.models import DuplicatePolicy
from crm.records.row_import import Outcome
from crm.services import locking
from people.models import Person
from people.services import matching, organizations, people, upserting
from people.services.organizations import OrganizationValues
from people.services.people import PersonValues


def import_person(values: PersonValues, *, policy: DuplicatePolicy, actor: Actor) -> Outcome:
    services = (people.create_person, upserting.upsert_person, _find_person)
    return _store(values, *services, policy=policy, actor=actor)


def import_organization(values: OrganizationValues, *, policy: DuplicatePolicy, actor: Actor) -> Outcome:
    services = (organizations.create_organization, upserting.upsert_organization, upserting.find_organization)
    return _store(values, *services, policy=policy, actor=actor)


def _find_person(values: PersonValues, *, actor: Actor) -> Person | None:
    found = matching.find_person(values, actor=actor)
    return None if found is None else found[0]


def _store(
    values: Any,
    create: Callable[..., object],
    upsert: Callable[..., upserting.Upserted],
    find: Callable[..., Any],
    *,
    policy: DuplicatePolicy,
    actor: Actor,
) -> Outcome:
    if policy == DuplicatePolicy.CREATE:
        create(values, actor=actor)
        return "created"
    if policy == DuplicatePolicy.UPDATE:
        done = upsert(values, actor=actor)
        changed: Outcome = "updated" if done.changed else "skipped"
        return "created" if done.created else changed
    with transaction.atomic():
        locking.lock_company(actor.company_id)
        found = find(values, actor=actor)
        if found is None:
            create(upserting.without_id(values), actor=actor)
            return "created"
        if policy == DuplicatePolicy.ERROR:
            raise Conflict(ConflictReason.EXISTS, "This record exists already.", ids=[str(found.pk)])
        return "skipped"
