"""A form that was opened before somebody else saved: nothing is overwritten, and nothing typed is lost."""

from typing import Any, cast

import pytest
from django.contrib import admin
from django.urls import reverse

from crm.admin.forms import VersionedForm
from crm.admin.lifecycle import LiveAdmin
from crm.models import Activity, CustomFieldDefinition
from crm.services.activities import create_activity
from leads.models import Lead
from leads.services.closing import close_lead
from leads.services.leads import delete_lead, update_lead
from people.models import ContactType, Person
from people.services.merging import merge
from people.services.people import create_person, update_person
from tests.admin.conftest import errors_of, form_of, posted
from tests.admin.rows import page as page_named
from tests.admin.rows import rows_of
from tests.factories.crm import TagFactory
from tests.factories.leads import LeadFactory


def address(row: Any) -> str:
    return reverse(page_named(row, "change"), args=[row.pk])


def differences(response: Any) -> dict[str, Any]:
    return {each.label: each for each in response.context_data["comparison"]}


@pytest.fixture
def lead(tenant: Any) -> Any:
    return LeadFactory(company=tenant.company, title="Deal", description="Old", email="a@example.com")


def test_both_values_of_a_field_are_shown_and_one_is_chosen(signed_in, tenant, lead):
    client = signed_in("agent")
    ours, red = TagFactory(company=tenant.company), TagFactory(company=tenant.company, name="Red")
    mine = form_of(client, address(lead), title="Mine", phone="+1 212 555 0100", tags=[ours.pk])
    theirs: Any = {"title": "Theirs", "description": "New\nlines", "tags": [{"name": red.name}]}
    update_lead(lead.pk, theirs, actor=tenant.actors.colleague)

    refused = client.post(address(lead), mine)
    shown, opened = differences(refused), posted(refused)
    unchosen = client.post(address(lead), opened)
    page = refused.content.decode()

    assert errors_of(refused)["__all__"][0].startswith("Somebody else changed this meanwhile")
    assert shown.keys() == {"Title", "Description", "Tags"}
    title, description = shown["Title"], shown["Description"]
    assert (title.mine, title.theirs, title.before) == ("Mine", "Theirs", "Deal")
    assert title.change.user == tenant.users["colleague"]
    assert f"Theirs (changed by {tenant.users['colleague']} at" in page
    # What only they changed is taken; what only I changed stays without a question.
    assert (description.key, description.theirs, opened["description"]) == ("", "New\nlines", "New\nlines")
    assert (shown["Tags"].mine, shown["Tags"].theirs) == (ours.name, "Red")
    assert opened["phone"] == "+1 212 555 0100"
    assert 'name="keep-title" value="mine" required' in page
    # Without a choice, and with one of two, nothing is saved and all is still there.
    assert differences(unchosen).keys() == {"Title", "Tags"}
    half = client.post(address(lead), posted(unchosen, **{"keep-title": "mine"}))
    assert differences(half).keys() == {"Tags"}
    lead.refresh_from_db()
    assert (lead.title, lead.version) == ("Theirs", 2)

    client.post(address(lead), posted(half, **{"keep-tags": "theirs"}))

    lead.refresh_from_db()
    assert (lead.title, lead.description, lead.phone) == ("Mine", "New\nlines", "+1 212 555 0100")
    assert ([tag.name for tag in lead.tags.all()], lead.version) == (["Red"], 3)


def test_a_third_writer_and_a_page_that_forgot_what_it_showed(signed_in, tenant, lead):
    client = signed_in("agent")
    mine = form_of(client, address(lead), title="Mine")
    update_lead(lead.pk, {"title": "Second"}, actor=tenant.actors.colleague)
    refused = client.post(address(lead), mine)
    update_lead(lead.pk, {"title": "Third", "email": "b@example.com"}, actor=tenant.actors.manager)

    again = client.post(address(lead), posted(refused, **{"keep-title": "mine"}))
    blind = client.post(address(lead), {**mine, "seen": "{", "before": "["})

    title, email = differences(again)["Title"], differences(again)["E-mail"]
    assert (title.mine, title.theirs, title.before) == ("Mine", "Third", "Second")
    assert (email.key, email.theirs) == ("", "b@example.com")
    assert {each.label: each.before for each in differences(blind).values()} == {
        "Title": None,
        "E-mail": None,
    }
    lead.refresh_from_db()
    assert lead.title == "Third"


def test_a_lead_that_was_lost_meanwhile_keeps_its_reason(signed_in, tenant, lead):
    CustomFieldDefinition.objects.create(company=tenant.company, model="LEAD", name="Budget", kind="NUMBER")
    update_lead(lead.pk, {"custom_fields": [{"name": "Budget", "value": 5}]}, actor=tenant.actors.agent)
    client = signed_in("agent")
    mine = form_of(client, address(lead), title="Mine")
    close_lead(lead.pk, "lost", actor=tenant.actors.manager, reason_lost="Too dear")
    update_lead(lead.pk, {"custom_fields": [{"name": "Budget", "value": 7}]}, actor=tenant.actors.manager)

    refused = client.post(address(lead), mine)

    assert differences(refused).keys() >= {"Status", "Budget"}
    assert differences(refused)["Budget"].change.user == tenant.users["manager"]
    client.post(address(lead), posted(refused))
    lead.refresh_from_db()
    assert (lead.title, lead.status.name, lead.reason_lost) == ("Mine", "Lost", "Too dear")
    assert lead.custom_fields == {"Budget": 7}


def test_rows_of_inlines_are_compared_one_by_one(signed_in, tenant):
    phone = ContactType.objects.filter(company=None, kind="PHONE").first()
    assert phone is not None
    numbers = ["+1 212 555 0101", "+1 212 555 0102", "+1 212 555 0103", "+1 212 555 0104"]
    contacts: Any = [{"contacts_types_id": phone.pk, "value": number} for number in numbers]
    person = create_person({"firstname": "Jane", "contacts": contacts}, actor=tenant.actors.agent)
    first, second, third, fourth = person.contacts.order_by("weight", "pk")
    client = signed_in("agent")
    mine = form_of(client, address(person), firstname="Mine")
    places = {mine[f"contacts-{number}-id"]: f"contacts-{number}" for number in range(4)}
    # I change two and delete the fourth; they change these two too, delete the second, and add one.
    mine |= {
        f"{places[str(first.pk)]}-value": "+1 212 555 0111",
        f"{places[str(second.pk)]}-value": "+1 212 555 0112",
    }
    mine[f"{places[str(fourth.pk)]}-DELETE"] = "on"
    theirs: Any = [
        {"id": first.pk, "contacts_types_id": phone.pk, "value": "+1 212 555 0121"},
        {"id": third.pk, "contacts_types_id": phone.pk, "value": third.value},
        {"id": fourth.pk, "contacts_types_id": phone.pk, "value": "+1 212 555 0124"},
        {"contacts_types_id": phone.pk, "value": "+1 212 555 0125"},
    ]
    update_person(person.pk, {"contacts": theirs}, actor=tenant.actors.colleague)

    refused = client.post(address(person), mine)

    shown = [(each.theirs.rpartition(" ")[2], bool(each.key)) for each in refused.context_data["comparison"]]
    assert sorted(shown) == [("0121", True), ("0124", False), ("0125", False), ("Deleted", False)]
    key = f"keep-contacts:{first.pk}:value"
    saved = client.post(address(person), posted(refused, **{key: "mine"}))
    assert saved.status_code == 302
    kept = sorted(row.value.rpartition(" ")[2] for row in Person.objects.get().contacts.all())
    assert kept == ["0103", "0111", "0112", "0124", "0125"]
    assert Person.objects.get().firstname == "Mine"


def test_every_versioned_form_carries_what_it_showed(signed_in, tenant):
    """Walk the registry: each form posts back all that it shows, so that every field can be compared."""
    rows = rows_of(tenant, "mark")
    versioned = [model for model, page in admin.site._registry.items() if isinstance(page, LiveAdmin)]
    assert {model.__name__ for model in versioned} >= {"Lead", "Person", "Organization", "Activity"}
    client = signed_in("manager")
    for model in versioned:
        row: Any = rows[model]
        if isinstance(row, Activity):
            # One of one's own: those of others are refused whatever their version.
            about = {"entity_type": "LEAD", "entity_id": rows[Lead].pk, "kind": "NOTE", "text": "Old"}
            row = create_activity(cast(Any, about), actor=tenant.actors.manager)
        data = form_of(client, address(row))
        name = next(each for each in ("title", "text", "name", "firstname") if each in data)
        model._base_manager.filter(pk=row.pk).update(**{name: "Theirs"}, version=row.version + 1)
        refused = client.post(address(row), {**data, name: "Mine"})

        # What nobody touched is no difference, whatever its widget.
        compared = [(each.key, each.mine, each.theirs) for each in refused.context_data["comparison"]]
        assert compared == [(name, "Mine", "Theirs")], model
        assert isinstance(refused.context_data["adminform"].form, VersionedForm), model
        stored = model._base_manager.get(pk=row.pk)
        assert getattr(stored, name) == "Theirs", model


def test_a_form_of_a_lead_deleted_meanwhile_comes_back_and_can_be_saved_after_all(signed_in, tenant, lead):
    client = signed_in("agent")
    mine = form_of(client, address(lead), title="Mine", description="Long\nwords")
    delete_lead(lead.pk, actor=tenant.actors.manager)

    refused = client.post(address(lead), mine)
    page = refused.content.decode()

    assert refused.status_code == 404
    assert "Nothing was saved: somebody deleted this lead meanwhile." in page
    # What nobody typed is not repeated.
    typed = [(each.label, each.text) for each in refused.context_data["typed"]]
    assert typed == [("Title", "Mine"), ("Description", "Long\nwords")]
    assert "Long\nwords</textarea>" in page

    again = client.post(address(lead), {**dict(refused.context_data["sent"]), "_restore": "1"})

    lead.refresh_from_db()
    assert again.status_code == 302
    assert (lead.title, lead.description, lead.deleted_at) == ("Mine", "Long\nwords", None)


def test_a_form_of_a_merged_person_names_the_one_that_stays(signed_in, tenant):
    stays, goes = (create_person({"firstname": name}, actor=tenant.actors.agent) for name in ("Ann", "Anne"))
    client = signed_in("agent")
    mine = form_of(client, address(goes), lastname="Typed")
    beside = {"lastname": "Beside", "version": "1", "seen": mine["seen"]}
    merge(Person, stays.pk, [goes.pk], actor=tenant.actors.manager)

    refused = client.post(address(goes), {**mine, "_restore": "1"})
    field = reverse("admin:people_person_field", args=[goes.pk, "lastname"])
    alone = client.post(field, beside, headers={"HX-Request": "true"})

    assert refused.status_code == 404
    assert refused.context_data["winner"] == stays
    assert f'<a href="{address(stays)}">Ann</a>' in refused.content.decode()
    assert [each.text for each in refused.context_data["typed"]] == ["Typed"]
    assert (alone.status_code, [each.text for each in alone.context_data["typed"]]) == (200, ["Beside"])
    assert 'name="_restore"' not in refused.content.decode()


def test_a_form_of_a_record_of_others_says_no_more_than_one_of_nothing(signed_in, tenant, lead):
    client = signed_in("agent")
    foreign, mine = LeadFactory(), form_of(client, address(lead), title="Mine")
    addresses = [reverse("admin:leads_lead_change", args=[key]) for key in (foreign.pk, 999_999)]

    pages = [client.post(each, mine) for each in addresses]

    for page in pages:
        assert page.status_code == 404
        assert "this lead is gone, or you may no longer see it" in page.content.decode()
        assert [each.text for each in page.context_data["typed"]] == ["Mine"]
    foreign.refresh_from_db()
    assert foreign.title != "Mine"


@pytest.mark.parametrize("door", ["note", "mail"])
def test_a_text_for_a_record_that_is_gone_comes_back_and_can_be_kept(signed_in, tenant, lead, door):
    client = signed_in("manager")
    if door == "note":
        place = reverse("admin:leads_lead_note", args=[lead.pk])
        sent = {"kind": "NOTE", "text": "What she said"}
    else:
        place = reverse("admin:write_mail", args=["LEAD", lead.pk])
        sent = {"to": "", "subject": "About it", "text": "What she said"}
    delete_lead(lead.pk, actor=tenant.actors.manager)

    refused = client.post(place, sent)
    in_dialog = client.post(place, sent, headers={"HX-Request": "true"})
    again = client.post(place, {**dict(refused.context_data["sent"]), "_restore": "1"})

    assert (refused.status_code, in_dialog.status_code) == (404, 404)
    assert "What she said" in [each.text for each in refused.context_data["typed"]]
    assert "somebody deleted this lead meanwhile" in refused.content.decode()
    lead.refresh_from_db()
    assert lead.deleted_at is None
    if door == "note":
        assert again.status_code == 302
        assert Activity.objects.get(text="What she said").entity == lead
    else:
        assert "What she said" in again.content.decode()


def test_a_note_to_a_record_of_others_says_no_more_than_one_of_nothing(signed_in, lead):
    foreign, client = LeadFactory(), signed_in("agent")
    for key in (foreign.pk, 999_999):
        page = client.post(
            reverse("admin:leads_lead_note", args=[key]), {"kind": "NOTE", "text": "Mine", "_restore": "1"}
        )
        assert page.status_code == 404
        assert "this lead is gone, or you may no longer see it" in page.content.decode()
        assert [each.text for each in page.context_data["typed"]] == ["Mine"]
    assert not Activity.objects.filter(text="Mine").exists()
