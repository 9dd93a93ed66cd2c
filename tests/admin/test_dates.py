"""Days in the admin: native inputs, which speak ISO 8601 in every language."""

from datetime import date

import pytest
from django.contrib import admin
from django.forms import DateField, SplitDateTimeField

from crm.admin.dates import IsoDateField, IsoSplitDateTimeField
from crm.models import Absence, ApiToken
from people.models import Employment, Person
from tests.admin.conftest import errors_of, form_of, posted
from tests.factories.crm import CustomFieldDefinitionFactory
from tests.factories.people import PersonFactory

ADD = "/admin/people/person/add/"
TWO_DIGITS = ["12/31/50", "50-12-31", "31.12.50", "3/4/60"]
OTHER_FORMS = ["04/03/1990", "3 April 1990", "1990-W14-2", "19900403", "1990-4-3", "١٩٩٠-٠٤-٠٣"]
#: What a browser sends of a year that was typed as 50.
SHORT = "0050-12-31"
INVALID = "Enter a valid date."
SHORT_YEAR = "Expected a year of four digits, such as 2026."


def said_of(text: str) -> str:
    return SHORT_YEAR if text == SHORT else INVALID


@pytest.fixture(autouse=True)
def _german(company):
    company.region = "DE"
    company.save()


@pytest.mark.parametrize("text", [*TWO_DIGITS, *OTHER_FORMS, SHORT])
def test_a_date_of_birth_is_refused(signed_in, unrendered, text):
    client = signed_in("agent")

    response = client.post(ADD, form_of(client, ADD, firstname="Jane", dob=text))

    assert errors_of(response) == {"dob": [said_of(text)]}
    assert not Person.objects.exists()


@pytest.mark.parametrize("text", ["1990-04-03", " 1990-04-03 "])
def test_a_date_of_birth_is_read(signed_in, text):
    client = signed_in("agent")

    client.post(ADD, form_of(client, ADD, firstname="Jane", dob=text))

    jane = Person.objects.get()
    assert jane.dob == date(1990, 4, 3)
    page = client.get(f"/admin/people/person/{jane.pk}/change/").content.decode()
    assert '<input type="date" name="dob" value="1990-04-03"' in page


@pytest.mark.parametrize("language", ["en-us", "de", "fr"])
def test_the_value_is_iso_in_every_language(signed_in, company, settings, language):
    settings.LANGUAGE_CODE = language
    jane = PersonFactory(company=company, dob=date(1990, 4, 3))

    page = signed_in("agent").get(f"/admin/people/person/{jane.pk}/change/").content.decode()

    assert 'name="dob" value="1990-04-03"' in page


@pytest.mark.parametrize("column", ["start_date", "end_date"])
@pytest.mark.parametrize("text", ["03/04/60", "04/03/1990", SHORT])
def test_the_dates_of_a_position(signed_in, company, unrendered, column, text):
    client = signed_in("agent")
    jane = PersonFactory(company=company, firstname="Jane")
    address = f"/admin/people/person/{jane.pk}/change/"

    def save(day: str):
        position = {
            "employments-TOTAL_FORMS": 1,
            "employments-0-position": "Buyer",
            "employments-0-status": 1,
            f"employments-0-{column}": day,
        }
        return client.post(address, form_of(client, address, **position))

    refused = save(text)
    [formset] = [
        inline.formset
        for inline in refused.context_data["inline_admin_formsets"]
        if inline.formset.model is Employment
    ]
    assert formset.errors == [{column: [said_of(text)]}]
    assert not Employment.objects.exists()
    assert save("1960-03-04").status_code == 302
    assert getattr(Employment.objects.get(), column) == date(1960, 3, 4)


@pytest.mark.parametrize("text", ["07/01/26", "01.07.2026", "0026-07-01"])
def test_the_times_of_an_absence(signed_in, tenant, unrendered, text):
    client = signed_in("agent")
    address = "/admin/crm/absence/add/"
    when = {"starts_at_0": text, "starts_at_1": "09:00", "ends_at_0": "2026-07-02", "ends_at_1": "09:00:30"}

    refused = client.post(address, form_of(client, address, user=tenant.users["agent"].pk, **when))
    when["starts_at_0"] = "2026-07-01"
    client.post(address, form_of(client, address, user=tenant.users["agent"].pk, **when))

    assert errors_of(refused) == {"starts_at": [SHORT_YEAR if text == "0026-07-01" else INVALID]}
    absence = Absence.objects.get()
    assert (absence.starts_at.isoformat(), absence.ends_at.second) == ("2026-07-01T09:00:00+00:00", 30)


@pytest.mark.parametrize("text", ["12/31/50", SHORT])
def test_the_expiry_of_a_token(signed_in, unrendered, text):
    client = signed_in("admin")
    address = "/admin/crm/apitoken/add/"

    response = client.post(address, form_of(client, address, expires_at_0=text, expires_at_1="10:00"))

    assert errors_of(response)["expires_at"] == [said_of(text)]
    assert not ApiToken.objects.exists()


@pytest.mark.parametrize("text", ["12/31/50", "04/03/1990", SHORT])
def test_a_custom_field(signed_in, company, text):
    field = CustomFieldDefinitionFactory(company=company, model="PEOPLE", name="since", kind="DATE")
    client = signed_in("agent")
    name = f"custom_{field.pk}"
    page = client.get(ADD)

    refused = client.post(ADD, posted(page, firstname="Jane", **{name: text}))
    client.post(ADD, posted(page, firstname="Jane", **{name: "1990-04-03"}))

    assert f'<input type="date" name="{name}"' in page.content.decode()
    assert list(errors_of(refused)) == [name]
    assert Person.objects.get().custom_fields == {"since": "1990-04-03"}


def test_no_form_of_the_admin_reads_other_dates(signed_in):
    request = signed_in("admin").get("/admin/").wsgi_request
    seen = 0
    for model_admin in admin.site._registry.values():
        if not model_admin.has_change_permission(request):
            continue
        forms = [model_admin.get_form(request)]
        forms += [inline.get_formset(request).form for inline in model_admin.get_inline_instances(request)]
        for form in forms:
            for field in form.base_fields.values():
                if isinstance(field, DateField):
                    assert isinstance(field, IsoDateField), (model_admin, field)
                    seen += 1
                elif isinstance(field, SplitDateTimeField):
                    assert isinstance(field, IsoSplitDateTimeField), (model_admin, field)
                    seen += 1
    assert seen >= 4
