"""Store one person or organization of an import; the policy decides about one that exists."""

from collections.abc import Callable
from functools import partial
from typing import Any

from django.db import transaction

from crm.actors import Actor
from crm.errors import Conflict
from crm.models import DuplicatePolicy
from crm.records.row_import import Outcome
from people.models import Person
from people.services import organizations, people, upserting
from people.services.people import PersonValues


def _find_person(values: PersonValues, *, actor: Actor) -> Person | None:
    found = upserting.find_person(values, actor=actor)
    return None if found is None else found[0]


def _store(
    values: Any,
    *,
    policy: DuplicatePolicy,
    actor: Actor,
    create: Callable[..., object],
    upsert: Callable[..., upserting.Upserted],
    find: Callable[..., Any],
) -> Outcome:
    if policy == DuplicatePolicy.CREATE:
        create(values, actor=actor)
        return "created"
    if policy == DuplicatePolicy.UPDATE:
        done = upsert(values, actor=actor)
        changed: Outcome = "updated" if done.changed else "skipped"
        return "created" if done.created else changed
    with transaction.atomic():
        upserting.lock_matching(actor)
        found = find(values, actor=actor)
        if found is None:
            create(upserting.without_id(values), actor=actor)
            return "created"
        if policy == DuplicatePolicy.ERROR:
            raise Conflict("This record exists already.", ids=[str(found.pk)])
        return "skipped"


import_person = partial(
    _store, create=people.create_person, upsert=upserting.upsert_person, find=_find_person
)
import_organization = partial(
    _store,
    create=organizations.create_organization,
    upsert=upserting.upsert_organization,
    find=upserting.find_organization,
)
