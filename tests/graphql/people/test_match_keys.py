"""Keys that a caller names: ids, custom fields, and lists of ways to match."""

from typing import Any

import pytest
from django.db import transaction

from crm.actors import Door
from crm.errors import Conflict
from crm.models import DuplicatePolicy
from people.models import Organization, Person
from people.organization_imports import OrganizationImport
from people.services.duplicates import duplicates_of_people
from people.services.people import create_person
from tests.factories.people import OrganizationFactory
from tests.graphql.people.matching_cases import JANE, PHONE, RITA, SPELLED, as_input
from tests.graphql.people.test_upserts import refused, upsert
from tests.imports.test_import_peoples import import_rows

pytestmark = pytest.mark.django_db

A, B = "a@example.com", "b@example.com"


@pytest.fixture
def known(actors):
    """Jane and Rita, who have an e-mail address each, and an id in another system."""
    return [
        create_person(
            as_input({**row, "email": email})
            | {"custom_fields": [{"name": "crm_id", "value": f"X-{email[0]}"}]},
            actor=actors.agent,
        )
        for row, email in ((JANE, A), (RITA, B))
    ]


def external(letter: str) -> list[Any]:
    return [{"name": "crm_id", "value": f"X-{letter}"}]


def keys(people: list[Person]) -> list[str]:
    return [str(person.pk) for person in people]


def conflict(people: list[Person], *ways: str) -> dict[str, Any]:
    return {"code": "CONFLICT", "reason": "MATCH", "ids": keys(people), "keys": list(ways)}


@pytest.mark.parametrize("kind", ["pk", "uuid"])
def test_an_id_is_that_person_unless_the_email_is_somebody_elses(actors, known, kind):
    jane, rita = known
    key = str(getattr(jane, kind))

    assert refused(actors.agent, id=key, email=B.upper()) == conflict([jane, rita], "ID", "EMAIL")
    done = upsert(actors.agent, id=key, email="new@example.com", lastname="Roe")

    assert (done["people"]["id"], done["matched_on"]) == (str(jane.pk), "ID")
    rita.refresh_from_db()
    assert rita.version == 1


def test_an_id_in_an_import_is_that_person_unless_the_email_is_somebody_elses(actors, known):
    jane, rita = known

    job = import_rows(
        [{"id": str(jane.pk), "email": B}, {"id": str(jane.uuid), "lastname": "Roe"}], actors.manager
    )

    [error] = job["errors"]
    assert (error["row"], error["code"]) == (1, "MATCH")
    assert error["message"].endswith(f": {jane.pk}, {rita.pk}.")
    assert job["updated"] == 1
    jane.refresh_from_db()
    assert (jane.lastname, jane.email) == ("Roe", A)


def test_an_id_decides_between_those_who_share_its_email(actors, known):
    jane, _ = known
    twin = create_person({"firstname": "Twin", "email": A}, actor=actors.agent)

    assert refused(actors.agent, email=A) == conflict([jane, twin], "EMAIL")
    assert upsert(actors.agent, id=str(twin.pk), email=A)["people"]["id"] == str(twin.pk)


@pytest.mark.parametrize(
    "match", [["CUSTOM_FIELD", "EMAIL"], ["EMAIL", "CUSTOM_FIELD"], ["CUSTOM_FIELD", "EMAIL", "PHONE"]]
)
def test_an_external_id_and_an_email_of_two_people_are_a_conflict(actors, known, match):
    jane, rita = known
    first, second = (rita, jane) if match[0] == "EMAIL" else (jane, rita)

    extensions = refused(actors.agent, match=match, field="crm_id", email=B, custom_fields=external("a"))

    assert extensions == conflict([first, second], *match[:2])
    done = upsert(
        actors.agent, match=match, field="crm_id", email="c@example.com", custom_fields=external("a")
    )
    assert (done["people"]["id"], done["matched_on"]) == (str(jane.pk), "CUSTOM_FIELD")


@pytest.mark.parametrize("match", [["ID"], ["UUID"], ["CUSTOM_FIELD"]])
def test_a_list_of_one_key_looks_at_no_other(actors, known, match):
    jane, _ = known
    key = str(jane.uuid) if match == ["UUID"] else str(jane.pk)
    values: Any = {"custom_fields": external("a")} if match == ["CUSTOM_FIELD"] else {"id": key}

    done = upsert(actors.agent, match=match, field="crm_id", email=B, **values)

    assert (done["people"]["id"], done["matched_on"]) == (str(jane.pk), match[0])


@pytest.mark.parametrize("match", [["PHONE"], ["ID", "PHONE"], ["PHONE", "EMAIL"]])
def test_a_phone_that_the_caller_names_decides(actors, match):
    rita = create_person(as_input({**RITA, "email": B, "phone": PHONE}), actor=actors.agent)

    done = upsert(actors.agent, match=match, **as_input({**JANE, "email": A, "phone": SPELLED}))

    assert (done["people"]["id"], done["matched_on"]) == (str(rita.pk), "PHONE")


@pytest.mark.parametrize("match", [["EMAIL", "PHONE"], ["ID", "EMAIL", "PHONE"], ["EMAIL", "ID", "PHONE"]])
def test_a_phone_after_the_email_is_checked(actors, match):
    rita = create_person(as_input({**RITA, "email": B, "phone": PHONE}), actor=actors.agent)
    row = as_input({**JANE, "email": A, "phone": SPELLED})

    assert refused(actors.agent, match=match, **row) == conflict([rita], "PHONE")
    row = as_input({**JANE, "phone": SPELLED})
    assert refused(actors.agent, match=match, **row) == conflict([rita], "PHONE")


def test_a_list_without_the_phone_makes_a_person_beside_the_one_who_has_it(actors):
    rita = create_person(as_input({**RITA, "email": B, "phone": PHONE}), actor=actors.agent)

    done = upsert(actors.agent, match=["ID", "EMAIL"], **as_input({**JANE, "email": A, "phone": SPELLED}))

    made = Person.objects.get(pk=done["people"]["id"])
    assert (done["created"], rita.pk != made.pk) == (True, True)
    assert duplicates_of_people([made], actors.agent) == {made.pk: [rita.pk]}


def test_people_who_are_hidden_match_nothing(actors, other_actors):
    create_person(as_input({**JANE, "email": A, "phone": PHONE}), actor=other_actors.agent)
    gone = create_person(as_input({**JANE, "email": A, "phone": PHONE}), actor=actors.agent)
    Person.objects.filter(pk=gone.pk).update(deleted_at="2026-01-01T00:00:00Z")

    assert upsert(actors.agent, **as_input({**JANE, "email": A, "phone": PHONE}))["created"] is True
    assert upsert(actors.agent, **as_input({**RITA, "phone": "415 555 0601"}))["created"] is True


def test_several_organizations_of_a_name_are_a_conflict_in_an_import(actors, company):
    twins = [OrganizationFactory(company=company, name=name) for name in ("Weiß AG", "WEISS AG")]
    rows = OrganizationImport(actors.manager.through(Door.IMPORT), DuplicatePolicy.UPDATE)

    with pytest.raises(Conflict) as refused, transaction.atomic():
        rows.store({"name": "weiß  ag", "city": "Bonn"})

    assert refused.value.details == {
        "reason": "MATCH",
        "ids": [str(row.pk) for row in twins],
        "keys": ["NAME"],
    }
    assert not Organization.objects.filter(city="Bonn").exists()


@pytest.mark.parametrize("policy", ["SKIP", "ERROR", "UPDATE"])
def test_a_conflict_is_refused_by_every_policy_that_looks(actors, policy):
    rita = create_person(as_input({**RITA, "email": B, "phone": PHONE}), actor=actors.agent)

    job = import_rows([as_input({**JANE, "email": A, "phone": SPELLED})], actors.manager, policy=policy)

    assert [(error["code"], error["field"]) for error in job["errors"]] == [("MATCH", None)]
    assert Person.objects.get() == rita
