"""Tags are told apart by their names, whatever their slugs, through each door."""

from collections.abc import Callable
from itertools import count
from typing import Any

import pytest

from crm.models import Tag
from leads.models import Lead
from people.models import Organization, Person
from tests.admin.conftest import errors_of, form_of, signed_in
from tests.clients import data, refusal
from tests.each_case import each_case
from tests.factories.crm import TagFactory
from tests.factories.leads import LeadFactory
from tests.graphql.lists.asking import listed
from tests.imports.conftest import import_leads, import_people
from tests.module_tenant import made_tenant, tenant
from tests.statements import statements

__all__ = ["import_leads", "import_people", "made_tenant", "signed_in", "tenant"]

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]

#: Names that differ though their slugs do not.
DIFFERENT = [
    ("C++", "C#"),
    ("1.5", "15"),
    ("a.b", "a/b"),
    ("F#", "F+"),
    ("R&D", "RD"),
    ("50 %", "50"),
    ("!", "?"),
    ("x" * 119 + "+", "x" * 119 + "#"),
]
#: Spellings of one name.
SAME = [
    ("VIP", "vip"),
    ("Weiß", "WEISS"),
    ("Café", "CAFE\u0301"),
    ("ΣΑΣ", "σας"),
    ("Key account", "key \u00a0account\u200b"),
    ("C#", "c#"),
]


def graphql(operation: str, kind: str, rest: str = "") -> Callable[..., None]:
    def make(tags: list[dict[str, Any]], *, tenant: Any, number: int, **_fixtures: Any) -> None:
        document = f"mutation ($input: {kind}!) {{ {operation}(input: $input) {{ {rest or 'id'} }} }}"
        named = {"PeopleInput": "firstname", "LeadInput": "title"}.get(kind, "name")
        given = {named: f"Row {number}", "tags": tags}
        data(document, actor=tenant.actors.agent, variables={"input": given})

    return make


def imported(column: str, fixture: str) -> Callable[..., None]:
    def make(tags: list[dict[str, Any]], *, number: int, **fixtures: Any) -> None:
        names = ";".join(tag["name"] for tag in tags)
        ended = fixtures[fixture](f'{column},tags\nRow {number},"{names}"\n')
        assert ended.code == 0, ended.errors

    return make


MAKERS = {
    "createPeople": (Person, graphql("createPeople", "PeopleInput")),
    "upsertPeople": (Person, graphql("upsertPeople", "PeopleInput", "people { id }")),
    "createOrganization": (Organization, graphql("createOrganization", "OrganizationInput")),
    "upsertOrganization": (
        Organization,
        graphql("upsertOrganization", "OrganizationInput", "organization { id }"),
    ),
    "createLead": (Lead, graphql("createLead", "LeadInput")),
    "import_people": (Person, imported("firstname", "import_people")),
    "import_leads": (Lead, imported("title", "import_leads")),
}


@pytest.fixture(params=MAKERS)
def tag_of_record(request, tenant, import_people, import_leads):
    """Return a function that makes a record with tags through a door, and returns the names that it has."""
    model, make = MAKERS[request.param]
    rows = count(1)

    def tag(*tags):
        given = [{"name": tag} if isinstance(tag, str) else tag for tag in tags]
        fixtures = {"import_people": import_people, "import_leads": import_leads}
        make(given, tenant=tenant, number=next(rows), **fixtures)
        return list(model.objects.latest("pk").tags.order_by("pk").values_list("name", flat=True))

    return tag


@each_case(("one", "other"), DIFFERENT)
def test_different_names_are_different_tags(tag_of_record, one, other):
    assert tag_of_record(one) == [one]
    assert tag_of_record(other) == [other]
    assert tag_of_record(other, one) == [one, other]
    assert Tag.objects.count() == 2


@each_case(("one", "other"), SAME)
def test_spellings_of_one_name_are_one_tag(tag_of_record, one, other):
    assert tag_of_record(one) == [one]
    assert tag_of_record(other) == [one]
    assert tag_of_record(other, one) == [one]


def test_slugs_are_made_unique(actors, company):
    names = ["C++", "C#", "c", "C/"]
    tags = [{"name": name} for name in names]

    data(
        'mutation ($tags: [TagInput!]) { createLead(input: {title: "Deal", tags: $tags}) { id } }',
        actor=actors.agent,
        variables={"tags": tags},
    )
    made = data('mutation { createTag(input: {name: "C!"}) { slug } }', actor=actors.agent)

    assert list(Tag.objects.order_by("pk").values_list("name", "slug")) == [
        *zip(names, ["c", "c-2", "c-3", "c-4"], strict=True),
        ("C!", "c-5"),
    ]
    assert made == {"createTag": {"slug": "c-5"}}


def test_a_slug_of_the_greatest_length_is_cut_for_its_number(actors):
    for end in "+#":
        data(
            "mutation ($input: TagInput!) { createTag(input: $input) { id } }",
            actor=actors.agent,
            variables={"input": {"name": "x" * 119 + end}},
        )
    for end in "+#":
        data(
            "mutation ($input: TagInput!) { createTag(input: $input) { id } }",
            actor=actors.agent,
            variables={"input": {"name": "!" * 119 + end}},
        )

    assert list(Tag.objects.order_by("pk").values_list("slug", flat=True)) == [
        "x" * 119,
        "x" * 118 + "-2",
        "!" * 119 + "+",
        "!" * 119 + "#",
    ]


def test_a_taken_slug_that_was_sent_is_refused(actors, company):
    TagFactory(company=company, name="C++")

    created = refusal('mutation { createTag(input: {name: "C#", slug: "c"}) { id } }', actor=actors.agent)
    nested = refusal(
        'mutation { createLead(input: {title: "Deal", tags: [{name: "A"}, {name: "C#", slug: "C#"}]})'
        " { id } }",
        actor=actors.agent,
    )

    assert created["extensions"]["validation"] == {"input.slug": ["A tag of this slug exists already."]}
    assert nested["extensions"]["validation"] == {"input.tags.1.slug": ["A tag of this slug exists already."]}
    assert Tag.objects.count() == 1
    assert not Lead.objects.exists()


def test_a_slug_finds_a_tag_only_if_it_was_sent(actors, company):
    vip = TagFactory(company=company, name="Very important", slug="vip")
    document = 'mutation ($tags: [TagInput!]) { createLead(input: {title: "Deal", tags: $tags}) { id } }'

    def tagged(*tags):
        data(document, actor=actors.agent, variables={"tags": list(tags)})
        return list(Lead.objects.latest("pk").tags.order_by("pk").values_list("name", flat=True))

    assert tagged({"name": "Whatever", "slug": "VIP"}) == [vip.name]
    assert tagged({"name": "VIP"}) == ["VIP"]
    assert Tag.objects.get(name="VIP").slug == "vip-2"
    # The name goes first.
    assert tagged({"name": "very IMPORTANT", "slug": "vip-2"}) == [vip.name]
    assert tagged({"name": "New", "slug": "one"}, {"name": "Newer", "slug": "one"}) == ["New"]


def test_tags_of_other_companies_are_nobodys(actors, company, other_company):
    TagFactory(company=other_company, name="C++")

    made = data('mutation { createTag(input: {name: "c++"}) { name slug } }', actor=actors.agent)

    assert made == {"createTag": {"name": "c++", "slug": "c"}}


@each_case("name", ["", " ", "\u200b", "\u00ad\u3164", "\u2060 \ufeff"])
def test_a_tag_has_a_name_that_shows(actors, signed_in, name):
    create = "mutation ($input: TagInput!) { createTag(input: $input) { id } }"
    nested = 'mutation ($tags: [TagInput!]) { createLead(input: {title: "Deal", tags: $tags}) { id } }'
    page = "/admin/crm/tag/add/"

    created = refusal(create, actor=actors.agent, variables={"input": {"name": name or "\u200b"}})
    in_lead = refusal(nested, actor=actors.agent, variables={"tags": [{"name": name or "\u200b"}]})
    client = signed_in("agent")
    shown = client.post(page, form_of(client, page, name=name))

    assert list(created["extensions"]["validation"]) == ["input.name"]
    assert list(in_lead["extensions"]["validation"]) == ["input.tags.0.name"]
    assert list(errors_of(shown)) == ["name"]
    assert not Tag.objects.exists()


def test_the_admin_makes_slugs_and_finds_names(actors, company, signed_in):
    client = signed_in("agent")
    page = "/admin/crm/tag/add/"

    for name in ["C++", "C#", "Große", "Cafe\u0301"]:
        client.post(page, form_of(client, page, name=name))
    taken = client.post(page, form_of(client, page, name="C/", slug="c"))
    again = client.post(page, form_of(client, page, name="GROSSE"))

    assert dict(Tag.objects.values_list("name", "slug")) == {
        "C++": "c",
        "C#": "c-2",
        "Große": "große",
        "Caf\u00e9": "caf\u00e9",
    }
    assert errors_of(taken) == {"slug": ["A tag of this slug exists already."]}
    assert errors_of(again) == {"name": ["A tag of this name exists already."]}
    for text, found in {
        "c#": ["C#"],
        "GROSS": ["Große"],
        "CAFE\u0301": ["Café"],
        "c": ["C#", "C++", "Café"],
    }.items():
        answer = client.get(
            "/admin/autocomplete/",
            {"app_label": "people", "model_name": "person", "field_name": "tags", "term": text},
        )
        assert [each["text"] for each in answer.json()["results"]] == found


def test_a_tag_is_attached_beside_one_with_its_slug(actors, company):
    lead = LeadFactory(company=company)
    plus, sharp = (
        TagFactory(company=company, name=name, slug=slug) for name, slug in [("C++", "c"), ("C#", "x")]
    )
    document = (
        "mutation ($tag: ID!, $lead: ID!) {"
        " attachTagToEntity(input: {tag_id: $tag, entity_type: LEAD, entity_id: $lead}) }"
    )

    for tag in (plus, sharp):
        data(document, actor=actors.agent, variables={"tag": tag.pk, "lead": lead.pk})

    assert list(lead.tags.order_by("pk")) == [plus, sharp]


def test_counts_and_filters_by_name(actors, company):
    document = "mutation ($input: PeopleInput!) { createPeople(input: $input) { id } }"
    for name, tags in {"Ann": ["C++"], "Bob": ["C#"], "Cid": ["C++", "C#"], "Dan": ["Café"]}.items():
        given = {"firstname": name, "tags": [{"name": tag} for tag in tags]}
        data(document, actor=actors.agent, variables={"input": given})

    def count(tag):
        return data(
            "query ($tag: String!) { peopleCountByTag(tag: $tag) }",
            actor=actors.viewer,
            variables={"tag": tag},
        )["peopleCountByTag"]

    def named(tag):
        has = {"column": "NAME", "value": tag}
        rows = data(
            "query ($has: QueryPeoplesHasTagsWhereHasConditions) {"
            " peoples(hasTags: $has, orderBy: [{column: ID, order: ASC}]) { data { firstname } } }",
            actor=actors.viewer,
            variables={"has": has},
        )["peoples"]["data"]
        return [row["firstname"] for row in rows]

    counts = {"c#": 2, "C++": 2, "c": 2, "c-2": 2, "CAFE\u0301": 1, "C/": 0, "\u200b": 0}
    assert {tag: count(tag) for tag in counts} == counts
    assert [named(tag) for tag in ["C#", "C++", "Cafe\u0301"]] == [["Bob", "Cid"], ["Ann", "Cid"], ["Dan"]]
    assert listed("tags", "name", actor=actors.viewer, search="C#") == ["C#"]
    assert listed("tags", "name", actor=actors.viewer, search="CAFE\u0301") == ["Café"]


def test_any_number_of_new_tags_takes_the_same_statements(actors, company):
    document = 'mutation ($tags: [TagInput!]) { createLead(input: {title: "Deal", tags: $tags}) { id } }'

    def made(*names):
        tags = [{"name": name} for name in names]
        return statements(lambda: data(document, actor=actors.agent, variables={"tags": tags}))

    made("warm up")
    assert len(made("one")) == len(made(*(f"Tag {number}" for number in range(20))))
