# ruff: noqa: RUF001 - letters that look like others are what is tested
"""Names are looked up by their keys, through each door."""

from typing import NamedTuple

import pytest

from crm.actors import Actor
from leads.models import Lead, LeadReceiver, LeadStatus
from leads.services.closing import close_lead
from people.models import Organization, Person
from tests.each_case import each_case
from tests.imports.conftest import Import, import_leads, import_people
from tests.module_tenant import made_tenant, tenant
from tests.receivers.conftest import receiver
from tests.receivers.delivering import deliver
from tests.records.mutating import mutate, refused_paths

__all__ = ["import_leads", "import_people", "made_tenant", "receiver", "tenant"]

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]


class Doors(NamedTuple):
    actor: Actor
    import_people: Import
    import_leads: Import
    receiver: LeadReceiver


#: Spellings of one name.
SAME = [
    ("Société Générale", "SOCIE\u0301TE\u0301 GE\u0301NE\u0301RALE"),
    ("Weiß AG", "WEISS AG"),
    ("Straße AG", "STRASSE \u00a0AG"),
    ("ΣΑΣ", "σας"),
    ("Café  Zoë", "cafe\u0301 zoe\u0308\u200b"),
    ("Ａcme", "ａcme"),
    ("ﬁnance", "FINANCE"),
]
DIFFERENT = [("Acme", "Acme."), ("Köln", "Koln"), ("İstanbul", "istanbul"), ("Ａcme", "Acme")]


def of_create_lead(name, doors):
    given = {"title": "Deal", "organization": {"name": name}}
    return mutate("createLead", given, actor=doors.actor, selection="{ organization { id } }")[
        "organization"
    ]["id"]


def of_create_person(name, doors):
    given = {"firstname": "Ann", "organization": name}
    made = mutate("createPeople", given, actor=doors.actor, selection="{ organizations { id } }")
    return made["organizations"][0]["id"]


def of_upsert(name, doors):
    selection = "{ organization { id } }"
    made = mutate("upsertOrganization", {"name": name}, actor=doors.actor, selection=selection)
    return made["organization"]["id"]


def of_people_file(name, doors):
    assert doors.import_people(f"firstname,organization\nAnn,{name}\n").code == 0
    return str(Person.objects.latest("pk").organizations.get().pk)


def of_lead_file(name, doors):
    assert doors.import_leads(f"title,organization\nDeal,{name}\n").code == 0
    return str(Lead.objects.latest("pk").organization_id)


def of_receiver(name, doors):
    answer = deliver(doors.receiver, {"firstname": "Ann", "company": name})
    assert answer.status_code == 200, answer.content
    return str(Lead.objects.latest("pk").organization_id)


FINDERS = [of_create_lead, of_create_person, of_upsert, of_people_file, of_lead_file, of_receiver]


@pytest.fixture
def doors(tenant, import_people, import_leads, receiver):
    return Doors(tenant.actors.agent, import_people, import_leads, receiver)


@each_case(("one", "other"), SAME)
def test_every_door_finds_an_organization_by_its_name(doors, one, other):
    found = [find(name, doors) for find in FINDERS for name in (one, other)]

    assert set(found) == {str(Organization.objects.get().pk)}


@each_case(("one", "other"), DIFFERENT)
def test_no_door_takes_one_organization_for_another(doors, one, other):
    for find in FINDERS:
        assert find(one, doors) != find(other, doors)
    assert Organization.objects.count() == 2


LOOKUPS = {
    "createTag": {},
    "createLeadType": {},
    "createLeadSource": {},
    "createLeadStatus": {},
    "createLeadLostReason": {},
    "createContactType": {},
    "createPeopleRelationship": {},
    "createCustomFieldDefinition": {"model": "LEAD"},
    "createImportMapping": {"model": "LEAD"},
}


@each_case("mutation", LOOKUPS)
def test_names_are_unique_in_all_spellings(mutation, tenant):
    besides, actor = LOOKUPS[mutation], tenant.actors.admin
    for one, other in SAME:
        mutate(mutation, {"name": one, **besides}, actor=actor)
        assert refused_paths(mutation, {"name": other, **besides}, actor=actor) == ["input.name"]
    for names in DIFFERENT[:3]:
        for name in names:
            mutate(mutation, {"name": name, **besides}, actor=actor)


def test_a_contact_type_is_not_called_as_a_shared_one(tenant):
    for name in ["EMAIL", "e\u200bmail", "ce\u00adllphone"]:
        paths = refused_paths("createContactType", {"name": name}, actor=tenant.actors.admin)
        assert paths == ["input.name"]


def test_a_lead_is_closed_by_the_usual_status_in_any_spelling(tenant):
    lead = mutate("createLead", {"title": "Deal"}, actor=tenant.actors.agent)["id"]
    LeadStatus.objects.filter(name="Won").update(name="W\u00adON")

    close_lead(lead, "w\u200bON ", actor=tenant.actors.agent)

    assert Lead.objects.get(pk=lead).status.name_key == "won"


def test_a_custom_field_is_found_by_its_name(tenant, import_leads, receiver):
    given = {"model": "LEAD", "name": "Größe", "kind": "NUMBER"}
    mutate("createCustomFieldDefinition", given, actor=tenant.actors.admin)

    for name in ["Gro\u0308ße", "GRÖSSE", " gro\u0308sse\u200b"]:
        fields = [{"name": name, "value": "7"}]
        mutate("createLead", {"title": "A", "custom_fields": fields}, actor=tenant.actors.agent)
        assert Lead.objects.latest("pk").custom_fields == {"Größe": 7}
        bad = [{"name": name, "value": "not a number"}]
        refused = refused_paths("createLead", {"title": "A", "custom_fields": bad}, actor=tenant.actors.agent)
        assert refused == ["input.custom_fields.0.value"]
        assert import_leads(f"title,custom_fields.{name}\nB,8\n").code == 0
        assert Lead.objects.latest("pk").custom_fields == {"Größe": 8}
        assert import_leads(f"title,custom_fields.{name}\nB,x\n").code == 3
        assert deliver(receiver, {"firstname": "Ann", name: "9"}).status_code == 200
        assert Lead.objects.latest("pk").custom_fields == {"Größe": 9}


def test_a_definition_adopts_values_in_all_spellings(tenant):
    for name in ["Gro\u0308ße", "GRÖSSE", "größe", "Große"]:
        fields = [{"name": name, "value": "7"}]
        mutate("createLead", {"title": "A", "custom_fields": fields}, actor=tenant.actors.agent)

    given = {"model": "LEAD", "name": "GRÖẞE", "kind": "NUMBER"}
    mutate("createCustomFieldDefinition", given, actor=tenant.actors.admin)

    found = Lead.objects.order_by("pk").values_list("custom_fields", flat=True)
    assert list(found) == [{"GRÖẞE": 7}, {"GRÖẞE": 7}, {"GRÖẞE": 7}, {"Große": "7"}]


def test_a_choice_is_found_by_its_name(tenant):
    given = {"model": "LEAD", "name": "size", "kind": "CHOICE", "choices": ["Groß", "Cafe\u0301"]}
    mutate("createCustomFieldDefinition", given, actor=tenant.actors.admin)

    for value, stored in {"GROSS": "Groß", "CAFÉ": "Café", "cafe\u0301 ": "Café"}.items():
        fields = [{"name": "size", "value": value}]
        mutate("createLead", {"title": "A", "custom_fields": fields}, actor=tenant.actors.agent)
        assert Lead.objects.latest("pk").custom_fields == {"size": stored}


def test_columns_of_files_are_found_in_all_spellings(import_leads, tenant):
    assert import_leads("TITLE\u200b, Sta\u00adtus \nDeal,OPEN\u200b\n").code == 0
    assert Lead.objects.get().status.name == "Open"
    assert import_leads("title,custom_fields.Größe,custom_fields.Gro\u0308ße\nDeal,1,2\n").code == 1
