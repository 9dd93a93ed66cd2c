"""The doors through which people and leads are made, spoken to in the same words."""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from django.core.exceptions import NON_FIELD_ERRORS
from django.db.models import Model
from django.test import Client

from crm import actors
from crm.importing.files.options import FileRefused
from crm.importing.report import RowError
from crm.importing.running import run_import
from crm.models import DuplicatePolicy
from crm.records.row_import import RowImport
from leads.imports import LeadImport
from leads.models import Lead
from people.imports import PersonImport
from people.models import ContactKind, ContactType, Person
from tests.admin.conftest import errors_of, form_of
from tests.clients import ask
from tests.factories.crm import Tenant
from tests.unrendered import unrendered_pages

#: Relations of a lead in the words of these tests, and what the API calls them.
LEAD_ARGUMENTS = {
    "person": "people_id",
    "organization": "organization_id",
    "owner": "leads_owner_id",
    "receiver": "receiver_id",
    "status": "status_id",
    "type": "type_id",
    "source": "source_id",
    "stage": "pipeline_stage_id",
}
#: Key of errors that belong to no field.
ROW = "row"


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """Result of an attempt: the stored row, or the messages by field under the field names of these tests."""

    row: Any = None
    errors: Mapping[str, list[str]] = field(default_factory=dict)


class Door(Protocol):
    """A door, opened by a manager of a company."""

    name: actors.Door

    def __init__(self, tenant: Tenant) -> None: ...

    def create_lead(self, values: Mapping[str, Any]) -> Outcome: ...

    def create_person(self, values: Mapping[str, Any]) -> Outcome: ...


def newest(model: type[Model], before: set[int]) -> Any:
    """Return the only row stored since ``before`` was read."""
    return model._base_manager.exclude(pk__in=before).get()


def stored(model: type[Model]) -> set[int]:
    return set(model._base_manager.values_list("pk", flat=True))


def contact_type(kind: ContactKind) -> ContactType:
    return ContactType.objects.get(company=None, kind=kind)


class GraphQLDoor:
    """Mutations."""

    name = actors.Door.GRAPHQL

    def __init__(self, tenant: Tenant) -> None:
        self._actor = tenant.actors.manager

    def create_lead(self, values: Mapping[str, Any]) -> Outcome:
        return self._create(Lead, "createLead", "LeadInput", self._lead_input(values))

    def create_person(self, values: Mapping[str, Any]) -> Outcome:
        given = dict(values)
        if "phone" in given:
            phone = {"contacts_types_id": contact_type(ContactKind.PHONE).pk, "value": given.pop("phone")}
            given["contacts"] = [phone]
        return self._create(Person, "createPeople", "PeopleInput", given)

    def update_lead(self, lead: Lead, values: Mapping[str, Any], *, version: int) -> Outcome:
        """Change a lead as somebody who saw this version of it."""
        document = """mutation ($id: ID!, $input: LeadUpdateInput!, $version: Int) {
            updateLead(id: $id, input: $input, expected_version: $version) { id } }"""
        variables = {"id": lead.pk, "input": self._lead_input(values), "version": version}
        answer = ask(document, actor=self._actor, variables=variables)
        errors = self._errors(answer)
        return Outcome(row=None if errors else Lead.objects.get(pk=lead.pk), errors=errors)

    def _lead_input(self, values: Mapping[str, Any]) -> dict[str, Any]:
        return {
            LEAD_ARGUMENTS.get(name, name): value.pk if isinstance(value, Model) else value
            for name, value in values.items()
        }

    def _create(self, model: type[Model], operation: str, kind: str, given: Mapping[str, Any]) -> Outcome:
        before = stored(model)
        document = f"mutation ($input: {kind}!) {{ {operation}(input: $input) {{ id }} }}"
        errors = self._errors(ask(document, actor=self._actor, variables={"input": given}))
        return Outcome(errors=errors) if errors else Outcome(row=newest(model, before))

    def _errors(self, answer: dict[str, Any]) -> dict[str, list[str]]:
        names = {argument: name for name, argument in LEAD_ARGUMENTS.items()}
        errors: dict[str, list[str]] = {}
        for error in answer.get("errors", []):
            extensions = error["extensions"]
            by_path = extensions.get("validation") or {extensions.get("argument", ROW): [error["message"]]}
            for path, messages in by_path.items():
                name = path.removeprefix("input.")
                errors[names.get(name, name)] = messages
        return errors


class AdminDoor:
    """Forms of the admin, filled in by a browser."""

    name = actors.Door.ADMIN

    def __init__(self, tenant: Tenant) -> None:
        user = tenant.users["manager"]
        user.is_staff = True
        user.save()
        self._browser = Client()
        self._browser.force_login(user)
        #: Empty forms by address: they are the same for each row of a test.
        self._empty: dict[str, dict[str, Any]] = {}

    def create_lead(self, values: Mapping[str, Any]) -> Outcome:
        return self._submit(Lead, "/admin/leads/lead/add/", self._keys(values))

    def create_person(self, values: Mapping[str, Any]) -> Outcome:
        given = dict(values)
        if "phone" in given:
            given |= {
                "contacts-TOTAL_FORMS": 1,
                "contacts-0-type": contact_type(ContactKind.PHONE).pk,
                "contacts-0-value": given.pop("phone"),
            }
        return self._submit(Person, "/admin/people/person/add/", given)

    def update_lead(self, lead: Lead, values: Mapping[str, Any], *, version: int) -> Outcome:
        """Change a lead as somebody who saw this version of it."""
        address = f"/admin/leads/lead/{lead.pk}/change/"
        # What a page of another version showed is not known here: all that differs from it counts as changed.
        form = form_of(self._browser, address, version=version, seen="", **self._keys(values))
        with unrendered_pages():
            response = self._browser.post(address, form)
        if response.status_code == 200:
            return Outcome(errors=self._errors(response))
        return Outcome(row=Lead.objects.get(pk=lead.pk))

    def _keys(self, values: Mapping[str, Any]) -> dict[str, Any]:
        return {name: value.pk if isinstance(value, Model) else value for name, value in values.items()}

    def _submit(self, model: type[Model], address: str, given: Mapping[str, Any]) -> Outcome:
        before = stored(model)
        if address not in self._empty:
            self._empty[address] = form_of(self._browser, address)
        # No other door warns of duplicates.
        form = {**self._empty[address], "save_anyway": "on", **given}
        with unrendered_pages():
            response = self._browser.post(address, form)
        if response.status_code == 200:
            return Outcome(errors=self._errors(response))
        return Outcome(row=newest(model, before))

    def _errors(self, response: Any) -> dict[str, list[str]]:
        return {
            ROW if name == NON_FIELD_ERRORS else name: messages
            for name, messages in errors_of(response).items()
        }


class ImportDoor:
    """One row of a CSV file."""

    name = actors.Door.IMPORT

    def __init__(self, tenant: Tenant) -> None:
        self._actor = tenant.actors.manager.through(actors.Door.IMPORT)

    def create_lead(self, values: Mapping[str, Any]) -> Outcome:
        cells = {name: self._cell(name, value) for name, value in values.items()}
        if "person" in cells:
            cells["person_email"] = cells.pop("person")
        if "stage" in values:
            cells["pipeline"] = values["stage"].pipeline.name
        return self._run(Lead, LeadImport, cells)

    def create_person(self, values: Mapping[str, Any]) -> Outcome:
        return self._run(Person, PersonImport, dict(values))

    def _cell(self, name: str, value: Any) -> str:
        if name == "person":
            return str(value.email)
        return str(value.username if name == "owner" else getattr(value, "name", value))

    def _run(self, model: type[Model], rows: type[RowImport], cells: Mapping[str, str]) -> Outcome:
        before = stored(model)
        text = io.StringIO()
        writer = csv.DictWriter(text, list(cells))
        writer.writeheader()
        writer.writerow(cells)
        refused: list[RowError] = []
        file = io.BytesIO(text.getvalue().encode())
        try:
            run_import(
                file,
                rows,
                actor=self._actor,
                on_error=refused.append,
                policy=DuplicatePolicy.CREATE,
            )
        except FileRefused as whole:
            # What only a person can explain stops the file before its first row.
            return Outcome(errors={ROW: [str(whole)]})
        errors: dict[str, list[str]] = {}
        for error in refused:
            column = {"person_email": "person"}.get(error.column or ROW, error.column or ROW)
            errors.setdefault(column, []).append(error.message)
        return Outcome(errors=errors) if errors else Outcome(row=newest(model, before))
