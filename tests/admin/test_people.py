"""The pages of people, organizations and contact types."""

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse

from people.models import Contact, ContactType, Organization, Person
from people.services.organizations import create_organization, delete_organization
from people.services.people import create_person, delete_person, restore_person
from tests.admin.conftest import errors_of, form_of, posted
from tests.factories.people import ContactTypeFactory, OrganizationFactory

LIST = "/admin/people/person/"
ADD = "/admin/people/person/add/"


def change_page(person):
    return reverse("admin:people_person_change", args=[person.pk])


def shared(name):
    return ContactType.objects.get(company=None, name=name)


@pytest.fixture
def jane(tenant):
    """A person with an e-mail, a phone, two addresses and an organization."""
    return create_person(
        {
            "firstname": "Jane",
            "lastname": "Doe",
            "email": "jane@example.com",
            "contacts": [{"contacts_types_id": shared("Phone").pk, "value": "+1 212 555 0100"}],
            "address": [{"city": "New York", "is_default": True}, {"city": "Boston"}],
            "organization": "Acme",
            "tags": [{"name": "VIP"}],
        },
        actor=tenant.actors.agent,
    )


def test_new_person_with_contacts_and_address(signed_in, tenant):
    client = signed_in("agent")
    acme = OrganizationFactory(company=tenant.company)

    response = client.post(
        ADD,
        form_of(
            client,
            ADD,
            firstname="Ada",
            email="ada@example.com",
            organizations=[acme.pk],
            **{
                "contacts-TOTAL_FORMS": "1",
                "contacts-0-type": shared("Phone").pk,
                "contacts-0-value": "212 555 0199",
                "addresses-TOTAL_FORMS": "1",
                "addresses-0-city": "London",
            },
        ),
    )

    person = Person.objects.get()
    assert response.status_code == 302
    assert (person.name, person.user_id) == ("Ada", tenant.users["agent"].pk)
    assert sorted(person.contacts.values_list("type__name", "canonical")) == [
        ("Email", "ada@example.com"),
        ("Phone", "+12125550199"),
    ]
    assert list(person.addresses.values_list("city", "is_default")) == [("London", True)]
    assert list(person.organizations.all()) == [acme]
    assert LogEntry.objects.get().change_message.count('"added"') == 3


def test_change_keeps_the_rows_of_contacts_and_addresses(signed_in, jane):
    client = signed_in("agent")
    contacts = {contact.type.name: contact.pk for contact in jane.contacts.all()}
    boston = jane.addresses.get(city="Boston").pk
    form = form_of(client, change_page(jane))
    phone, city = (
        next(key for key, value in form.items() if value == wanted)
        for wanted in ("+1 212 555 0100", "Boston")
    )
    form |= {phone: "+1 212 555 0177", city: "Chicago"}

    response = client.post(change_page(jane), form)

    jane.refresh_from_db()
    assert response.status_code == 302
    assert jane.contacts.get(pk=contacts["Phone"]).canonical == "+12125550177"
    assert jane.contacts.count() == 2
    assert jane.addresses.get(pk=boston).city == "Chicago"
    assert jane.version == 2
    assert "12125550177" in jane.search_text


def test_contact_is_removed(signed_in, jane):
    mobile = {"type": shared("Cellphone"), "value": "212 555 0111"}
    Contact.objects.create(person=jane, company=jane.company, **mobile)
    client = signed_in("agent")
    form = form_of(client, change_page(jane))
    phone = next(key for key, value in form.items() if value == "+1 212 555 0100")

    client.post(change_page(jane), form | {phone.replace("-value", "-DELETE"): "on"})

    assert [contact.type.name for contact in jane.contacts.all()] == ["Email", "Cellphone"]


def test_unchanged_form_changes_nothing(signed_in, jane):
    client = signed_in("agent")
    before = jane.updated_at

    response = client.post(change_page(jane), form_of(client, change_page(jane)))

    jane.refresh_from_db()
    assert response.status_code == 302
    assert (jane.version, jane.updated_at) == (1, before)


@pytest.mark.parametrize(
    ("change", "errors"),
    [
        ({"email": "not an address"}, {"email": ["Enter a valid email address."]}),
        (
            {"firstname": "", "lastname": "", "email": ""},
            {"firstname": ["Enter a first name, a last name or an e-mail address."]},
        ),
        ({"dob": "yesterday"}, {"dob": ["Enter a valid date."]}),
        (
            {"lastname": "x" * 121},
            {"lastname": ["Ensure this value has at most 120 characters (it has 121)."]},
        ),
    ],
)
def test_broken_rule_is_an_error_beside_its_field(signed_in, jane, change, errors):
    client = signed_in("agent")

    changing = client.post(change_page(jane), form_of(client, change_page(jane), **change))
    adding = client.post(ADD, form_of(client, ADD, **{"firstname": "Ada", **change}))

    jane.refresh_from_db()
    assert errors_of(changing) == errors_of(adding) == errors
    assert (jane.email, jane.version) == ("jane@example.com", 1)
    assert Person.objects.count() == 1


def test_stale_form_saves_nothing(signed_in, jane):
    client = signed_in("agent")
    form = form_of(client, change_page(jane), firstname="Mine")
    phone = next(key for key, value in form.items() if value == "+1 212 555 0100")
    client.post(change_page(jane), form_of(client, change_page(jane), firstname="Theirs"))

    response = client.post(change_page(jane), form | {phone: "+1 212 555 0177"})

    jane.refresh_from_db()
    assert errors_of(response)["__all__"][0].startswith("Somebody else changed this meanwhile")
    assert (jane.firstname, jane.version) == ("Theirs", 2)
    assert not Contact.objects.filter(canonical="+12125550177").exists()


def test_rows_of_another_company_are_no_choices(signed_in, tenant, other_tenant, jane):
    client = signed_in("agent")
    foreign_type = ContactTypeFactory(company=other_tenant.company)
    foreign = OrganizationFactory(company=other_tenant.company, name="Secret")
    theirs = create_person({"email": "x@example.com"}, actor=other_tenant.actors.agent).contacts.get()
    mobile = {"type": shared("Cellphone"), "value": "212 555 0111"}
    Contact.objects.create(person=jane, company=jane.company, **mobile)
    form = form_of(client, change_page(jane))

    organization = client.post(change_page(jane), {**form, "organizations": [foreign.pk]})
    kind = client.post(change_page(jane), {**form, "contacts-0-type": foreign_type.pk})
    contact = client.post(
        change_page(jane), {**form, "contacts-0-id": theirs.pk, "contacts-0-value": "taken"}
    )

    jane.refresh_from_db()
    theirs.refresh_from_db()
    assert list(errors_of(organization)) == ["organizations"]
    assert "Select a valid choice" in kind.content.decode()
    assert contact.status_code == 200
    assert (jane.version, theirs.value) == (1, "x@example.com")


def test_link_to_a_deleted_organization_outlives_a_change(signed_in, tenant, jane):
    client = signed_in("agent")
    acme = jane.organizations.get()
    delete_organization(acme.pk, actor=tenant.actors.agent)

    page = client.get(change_page(jane))
    client.post(change_page(jane), posted(page, firstname="Janet"))

    jane.refresh_from_db()
    assert "Acme" not in page.content.decode()
    assert "Acme" not in signed_in("viewer").get(change_page(jane)).content.decode()
    assert (jane.firstname, list(jane.organizations.all())) == ("Janet", [acme])


@pytest.mark.parametrize("text", ["doe JANE", "jane@example.com", "(212) 555-0100", "+12125550100"])
def test_search(signed_in, tenant, jane, text):
    client = signed_in("viewer")
    create_person({"firstname": "John"}, actor=tenant.actors.agent)

    listed = client.get(LIST, {"q": text})

    assert list(listed.context["cl"].result_list) == [jane]


def test_person_without_a_name_is_listed_by_email(signed_in, tenant):
    create_person({"email": "nobody@example.com"}, actor=tenant.actors.agent)

    assert "nobody@example.com</a>" in signed_in("viewer").get(LIST).content.decode()


@pytest.mark.parametrize("kind", ["person", "organization"])
def test_delete_and_restore(signed_in, tenant, jane, kind):
    client = signed_in("agent")
    row = jane if kind == "person" else jane.organizations.get()
    page = f"/admin/people/{kind}/"

    client.post(page, {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"})
    row.refresh_from_db()
    deleted_at = row.deleted_at
    listed = list(client.get(page, {"deleted": "1"}).context["cl"].result_list)
    client.post(page + "?deleted=1", {"action": "restore_selected", "_selected_action": [row.pk]})

    row.refresh_from_db()
    assert deleted_at is not None
    assert listed == [row]
    assert row.deleted_at is None


def test_deleted_person_has_no_page(signed_in, tenant, jane):
    client = signed_in("agent")
    delete_person(jane.pk, actor=tenant.actors.agent)

    gone = client.get(change_page(jane))
    restore_person(jane.pk, actor=tenant.actors.agent)

    assert gone.status_code == 302
    assert client.get(change_page(jane)).status_code == 200


def test_organization_is_stored_with_its_tags(signed_in, tenant, jane):
    client = signed_in("agent")
    page = "/admin/people/organization/add/"
    tag = jane.tags.get()

    refused = client.post(page, form_of(client, page, name=" ", email="nowhere"))
    client.post(page, form_of(client, page, name="Globex", email="info@globex.example", tags=[tag.pk]))

    globex = Organization.objects.get(name="Globex")
    assert sorted(errors_of(refused)) == ["email", "name"]
    assert (globex.email_canonical, list(globex.tags.all())) == ("info@globex.example", [tag])
    assert Organization.objects.count() == 2


def test_stale_organization(signed_in, tenant):
    client = signed_in("agent")
    acme = create_organization({"name": "Acme"}, actor=tenant.actors.agent)
    page = reverse("admin:people_organization_change", args=[acme.pk])
    form = form_of(client, page, name="Mine")
    client.post(page, form_of(client, page, name="Theirs"))

    response = client.post(page, form)

    acme.refresh_from_db()
    assert "__all__" in errors_of(response)
    assert acme.name == "Theirs"


def test_contact_types(signed_in, tenant):
    client = signed_in("manager")
    page = "/admin/people/contacttype/add/"

    client.post(page, form_of(client, page, name="Fax", kind="OTHER"))
    twice = client.post(page, form_of(client, page, name="fax", kind="OTHER"))
    email = reverse("admin:people_contacttype_change", args=[shared("Email").pk])

    assert ContactType.objects.get(name="Fax").company == tenant.company
    assert errors_of(twice) == {"name": ["A contact type of this name exists already."]}
    assert client.post(email, {"name": "Mail", "kind": "OTHER"}).status_code == 403
    assert shared("Email").kind == "EMAIL"


def test_the_organizations_chosen_for_a_person_have_new_versions(signed_in, tenant):
    client = signed_in("agent")
    old, new = (OrganizationFactory(company=tenant.company) for _ in range(2))
    jane = create_person({"firstname": "Jane", "organizations_id": [old.pk]}, actor=tenant.actors.agent)

    answer = client.post(change_page(jane), form_of(client, change_page(jane), organizations=[new.pk]))

    assert answer.status_code == 302
    for row in (jane, old, new):
        row.refresh_from_db()
    assert (jane.version, old.version, new.version) == (2, 3, 2)
