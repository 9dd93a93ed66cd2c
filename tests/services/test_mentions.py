"""Mentions in notes: what is one, whom it names, and what is refused."""

from typing import Any

import pytest

from crm.models import Activity, Event, Membership, User
from crm.services.mentions import mentioned_in, names_in
from tests.clients import data, refusal
from tests.factories.crm import MembershipFactory, UserFactory
from tests.factories.leads import LeadFactory
from tests.module_tenant import made_tenant, tenant
from tests.stored import read_all

__all__ = ["made_tenant", "tenant"]

CREATE = """mutation ($input: ActivityInput!) { createActivity(input: $input) { id text } }"""
UPDATE = """mutation ($id: ID!, $input: ActivityInput!) { updateActivity(id: $id, input: $input) { id } }"""


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Ask @ana.", {"ana"}),
        ("@ana, (@bob) and @carl's", {"ana", "bob", "carl"}),
        ('@"Ana Ruiz" and @"Bob"', {"Ana Ruiz", "Bob"}),
        ("@ana.ruiz@example.com agrees", {"ana.ruiz@example.com"}),
        ("@agent@tenant", {"agent@tenant"}),
        ("@Øyvind, @josé-maría", {"Øyvind", "josé-maría"}),
        ("Write to bob@example.com or bob+sales@example.com", set()),
        ('@ 3pm, @3pm, 5 @ 20, @@, @"", @', set()),
        ('@"No\nend', set()),
        ("a@ana", set()),
    ],
)
def test_what_a_text_mentions(text, names):
    assert names_in(text) == names


@pytest.fixture
def people(tenant: Any) -> dict[str, User]:
    """Members who are called alike in several ways."""
    rows: dict[str, User] = {}
    for username, displayname, first_name in (
        ("ana", "Ana Ruiz", "Ana"),
        ("ana.lopez@example.com", "Ana López", "Ana"),
        ("bob@example.com", "Robert Stone", "Robert"),
        ("twin1", "Tom Twin", "Tom"),
        ("twin2", "Tom Twin", "Tom"),
    ):
        user: Any = UserFactory(username=username, displayname=displayname, first_name=first_name)
        MembershipFactory(company=tenant.company, user=user)
        rows[username] = user
    return rows


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("text", "username"),
    [
        ("@ana", "ana"),
        ("@ANA", "ana"),
        ('@"ana ruiz"', "ana"),
        ('@"Ana  López"', "ana.lopez@example.com"),
        ("@ana.lopez@example.com", "ana.lopez@example.com"),
        ("@ana.lopez", "ana.lopez@example.com"),
        ("@robert", "bob@example.com"),
        ("@bob", "bob@example.com"),
        ("@twin2", "twin2"),
    ],
)
def test_whom_a_name_means(actors, people, text, username):
    assert mentioned_in(text, actors.agent) == {people[username].pk}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Ask @nobody", 'No member is called "nobody"'),
        ('Ask @"Nobody Here"', 'No member is called "Nobody Here"'),
        ("Ask @left", 'No member is called "left"'),
        ("Ask @stranger", 'No member is called "stranger"'),
        ('Ask @"Tom Twin"', 'Several members are called "Tom Twin"'),
        ("Ask @tom", 'Several members are called "tom"'),
    ],
)
def test_a_name_that_means_nobody_or_several_is_refused(tenant, other_tenant, actors, people, text, words):
    for company, username, is_active in (
        (tenant.company, "left", False),
        (other_tenant.company, "stranger", True),
    ):
        MembershipFactory(company=company, user=UserFactory(username=username), is_active=is_active)
    lead = LeadFactory(company=tenant.company)
    about = {"entity_type": "LEAD", "entity_id": lead.pk}
    before = read_all()

    error = refusal(CREATE, actor=actors.agent, variables={"input": {**about, "text": text}})

    assert (error["extensions"]["code"], list(error["extensions"]["validation"])) == (
        "VALIDATION",
        ["input.text"],
    )
    assert words in error["extensions"]["validation"]["input.text"][0]
    assert read_all() == before


@pytest.mark.django_db
def test_who_stood_in_a_note_before_does_not_keep_it_from_being_edited(tenant, actors, people):
    lead = LeadFactory(company=tenant.company)
    about = {"entity_type": "LEAD", "entity_id": lead.pk}
    values = {**about, "text": "Ask @ana"}
    note = data(CREATE, actor=actors.agent, variables={"input": values})["createActivity"]
    Membership.objects.filter(user=people["ana"]).update(is_active=False)

    data(UPDATE, actor=actors.agent, variables={"id": note["id"], "input": {"text": "Ask @ana or @bob"}})

    mentions = Event.objects.filter(entity="mention").order_by("pk").values_list("audience__after", flat=True)
    assert list(mentions) == [[people["ana"].pk], [people["bob@example.com"].pk]]
    assert Activity.objects.get().text == "Ask @ana or @bob"
