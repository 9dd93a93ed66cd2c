"""The admin page of people, with their contacts, addresses and positions."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Prefetch, QuerySet
from django.forms.models import ModelMultipleChoiceField
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from crm.actors import Action
from crm.admin.base import Fieldsets, acting, visible_rows
from crm.admin.custom_fields import DefinedFieldsAdmin
from crm.admin.exports import EXPORT, ExportsList
from crm.admin.files import TakesFile, WithFiles, set_relations
from crm.admin.filters import DeletedFilter
from crm.admin.inlines import VisibleInline, VisibleStackedInline
from crm.admin.reach import call_link, mail_link
from crm.admin.record_filters import RecordFilter
from crm.admin.timeline import WithTimeline
from crm.admin.writing import FormSet, kept_forms
from crm.models.external_ids import EXTERNAL_ID_COLUMNS
from people.admin.contact_types import name_of
from people.admin.erasing import ERASE, ErasesPeople
from people.admin.many import ChangesTags
from people.admin.merging import MergesRecords
from people.admin.plain_contacts import FurtherContacts, PhoneForm, plain_contacts, without_phone
from people.admin.related import PersonPage
from people.admin.warnings import MayBeKnown, WarnsOfDuplicates
from people.models import Address, Contact, ContactType, Employment, Organization, Person
from people.services.addresses import ADDRESS_TEXTS, AddressValues
from people.services.contacts import ContactValues
from people.services.duplicate_warning import people_like
from people.services.employments import PLAIN, EmploymentValues
from people.services.people import PersonValues, delete_person, restore_person, save_person, update_person

#: Fields by which a person is recognized.
RECOGNIZED = {"firstname", "middlename", "lastname", "email", "organizations"}


class TypeField(forms.ModelChoiceField[ContactType]):
    """A choice of kinds of contact."""

    def label_from_instance(self, obj: ContactType) -> str:
        return name_of(obj)


class ContactInline(VisibleInline[Contact, Person]):
    model = Contact
    formset = FurtherContacts
    write_action = Action.CHANGE_PEOPLE
    readonly_fields = ("shown_type",)
    ordering = ("weight", "pk")
    verbose_name = _("e-mail or phone")
    verbose_name_plural = _("further e-mails and phones")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("type" if self.has_change_permission(request, obj) else "shown_type", "value")

    @admin.display(description=_("type"))
    def shown_type(self, contact: Contact) -> str:
        return name_of(contact.type)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "type":
            kwargs["form_class"] = TypeField
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


class AddressInline(VisibleStackedInline[Address, Person]):
    model = Address
    write_action = Action.CHANGE_PEOPLE
    fields = (
        ("address", "address_2"),
        ("zip", "city"),
        ("county", "state"),
        ("country", "is_default"),
    )


class EmploymentInline(VisibleStackedInline[Employment, Person]):
    model = Employment
    write_action = Action.CHANGE_PEOPLE
    fields = (
        ("position", "organization", "status"),
        ("start_date", "end_date"),
        ("income", "income_type"),
    )
    autocomplete_fields = ("organization",)
    verbose_name = _("job")
    verbose_name_plural = _("jobs")


class PersonForm(MayBeKnown, TakesFile, PhoneForm):
    fields_of_arguments = {**TakesFile.fields_of_arguments, "organizations_id": "organizations"}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        organizations = self.fields.get("organizations")
        if isinstance(organizations, ModelMultipleChoiceField) and organizations.queryset is not None:
            # A deleted organization is no choice: without this, every save would remove its link.
            keys = [row.pk for row in self.initial.get("organizations", [])]
            self.initial["organizations"] = list(organizations.queryset.filter(pk__in=keys))


class InOrganization(RecordFilter):
    title = _("organization")
    parameter_name = "organization"
    path = "organizations"
    related = Organization


@admin.register(Person)
class PersonAdmin(
    PersonPage,
    ErasesPeople,
    WarnsOfDuplicates,
    MergesRecords,
    ChangesTags,
    ExportsList,
    WithFiles,
    WithTimeline,
    DefinedFieldsAdmin,
):
    form = PersonForm
    write_action = Action.CHANGE_PEOPLE
    delete_service = staticmethod(delete_person)
    update_service = staticmethod(update_person)
    restore_service = staticmethod(restore_person)
    actions = ("change_selected", "merge_selected", EXPORT, "restore_selected", "delete_selected", ERASE)
    list_display = ("__str__", "mail", "main_phone", "organization_names", "created_at")
    list_filter = (DeletedFilter, InOrganization, "created_at")
    search_fields = ("name",)
    search_help_text = _("Name, e-mail or phone number")
    ordering = ("-created_at", "pk")
    autocomplete_fields = ("organizations", "tags")
    inlines = (ContactInline, AddressInline, EmploymentInline)
    shown_instead = {"organizations": "organization_names", "phone": "main_phone"}
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("firstname", "lastname"),
                    ("email", "phone"),
                    ("middlename", "dob"),
                    "do_not_contact",
                )
            },
        ),
        (
            _("Details"),
            {"fields": ("organizations", "tags", "custom_fields", EXTERNAL_ID_COLUMNS)},
        ),
    )

    def get_fieldsets(self, request: HttpRequest, obj: Person | None = None) -> Fieldsets:
        fieldsets = super().get_fieldsets(request, obj)
        return fieldsets if plain_contacts(obj).takes_phone else without_phone(fieldsets)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Person]:
        # Computed in one statement here, and not row by row by the columns of the list.
        organizations = visible_rows(Organization, request).order_by("name", "pk")
        rows: Any = super().get_queryset(request)
        people: QuerySet[Person] = rows.with_main_phone().prefetch_related(
            Prefetch("organizations", queryset=organizations, to_attr="visible_organizations")
        )
        return people

    @admin.display(description=_("phone"))
    def main_phone(self, person: Any) -> object:
        return call_link(person.main_phone)

    @admin.display(description=_("E-mail"), ordering="email")
    def mail(self, person: Person) -> object:
        return mail_link(person.email)

    @admin.display(description=_("organizations"))
    def organization_names(self, person: Any) -> str:
        return ", ".join(organization.name for organization in person.visible_organizations)

    def store(self, request: HttpRequest, form: PersonForm, formsets: Sequence[FormSet]) -> None:
        values: PersonValues = {}
        set_relations(values, form)
        if "organizations" in form.changed_data:
            values["organizations_id"] = [row.pk for row in form.cleaned_data["organizations"]]
        rows = next((each for each in formsets if each.model is Contact), None)
        if "phone" in form.changed_data or (rows is not None and rows.has_changed()):
            values["contacts"] = form.all_contacts(None if rows is None else _contact_values(rows))
        for formset in formsets:
            if formset.model is Address and formset.has_changed():
                values["address"] = _address_values(formset)
            elif formset.model is Employment and formset.has_changed():
                values["employment_history"] = _employment_values(formset)
        # A change that leaves alone by what people are recognized asks nothing.
        if form.instance._state.adding or "contacts" in values or RECOGNIZED & {*form.changed_data}:
            self.warn(form, people_like(form.instance, values, actor=acting(request)))
        save_person(
            form.instance, actor=acting(request), values=values, expected_version=form.expected_version
        )


def _contact_values(formset: FormSet) -> list[ContactValues]:
    return [
        {
            "id": form.instance.pk,
            "contacts_types_id": form.cleaned_data["type"].pk,
            "value": form.cleaned_data["value"],
        }
        for form in kept_forms(formset)
    ]


def _address_values(formset: FormSet) -> list[AddressValues]:
    named = []
    for form in kept_forms(formset):
        values: dict[str, object] = {name: form.cleaned_data[name] for name in (*ADDRESS_TEXTS, "is_default")}
        named.append(AddressValues(id=form.instance.pk, **values))  # type: ignore[typeddict-item]  # named above
    return named


def _employment_values(formset: FormSet) -> list[EmploymentValues]:
    return [
        {
            "id": form.instance.pk,
            **{name: form.cleaned_data[name] for name in (*PLAIN, "income")},  # type: ignore[typeddict-item]  # named there
            "organizations_id": form.cleaned_data["organization"] and form.cleaned_data["organization"].pk,
        }
        for form in kept_forms(formset)
    ]
