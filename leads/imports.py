"""Import leads: one row of a file becomes one lead."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from functools import partial
from typing import Any, ClassVar, cast

from django.core.exceptions import ValidationError

from crm.actors import Actor
from crm.errors import NotFound
from crm.importing.row_values import custom_field_column, custom_field_values, tag_values
from crm.models import DuplicatePolicy, User
from crm.models.custom_fields import EntityKind
from crm.records.row_import import Columns, Imported
from crm.services.importing import import_record, only_missing_columns, restore_record
from crm.services.saving import is_none_given
from crm.texts import name_key
from leads.models import Lead, LeadSource, LeadStatus, LeadType
from leads.models.deal_value import READERS
from leads.services.lead_input import LeadValues
from leads.services.leads import create_lead, delete_lead, save_lead, update_lead
from people.models import Person
from people.models.canonical import canonical_email, has_email_form
from people.models.phones import parted
from people.services.person_organizations import remove_people
from pipelines.models import Pipeline, Stage

TEXTS = ("title", "firstname", "lastname", "email", "phone", "description", *READERS)
LOOKUPS = ("status", "type", "source")
#: The column of each key of the input, for the messages of an import.
COLUMN_OF_KEY = {
    # The only message about "name" is that of the organization, which is created if it is missing.
    "name": "organization",
    "people_id": "person_email",
    "leads_owner_id": "owner",
    "pipeline_id": "pipeline",
    "pipeline_stage_id": "stage",
    "status_id": "status",
    "type_id": "type",
    "source_id": "source",
}


class Names:
    """The ids of names, by name key. They are read once for an import, since these lists are short."""

    def __init__(self, column: str, pairs: Iterable[tuple[str, int]], *, unknown: str | None = None) -> None:
        self._column = column
        self._ids: dict[str, set[int]] = defaultdict(set)
        shown = []
        for name, pk in pairs:
            shown.append(name)
            self._ids[_key(name)].add(pk)
        self._unknown = unknown or f"Unknown name. Choose one of: {', '.join(shown) or 'none'}."

    def find(self, cell: str) -> int:
        found = self._ids.get(_key(cell), set())
        if not found:
            raise ValidationError({self._column: [self._unknown]})
        if len(found) > 1:
            raise ValidationError({self._column: [f"{len(found)} rows have this name. Rename them first."]})
        return next(iter(found))


def _key(name: str) -> str:
    # A member is named by the e-mail address too, in any of its spellings.
    return canonical_email(name) or "" if has_email_form(name) else name_key(name)


def _with_one_phone(phone: str, description: str | None) -> dict[str, object]:
    """Return the first phone number of a text, with the further ones in the description."""
    first, *further = parted(phone)
    lines = [*([description] if description else []), *(f"Phone: {number}" for number in further)]
    return {"phone": first, "description": "\n".join(lines)}


class LeadImport:
    """The import of leads. Only missing organizations and tags are created with them.

    A second lead of one person is another deal: a lead is known by its own id alone.
    """

    columns: ClassVar[Columns] = Columns(
        known=(*TEXTS, "organization", "person_email", "pipeline", "stage", *LOOKUPS, "owner", "tags"),
        required=[("title",)],
        dates=("expected_close_on",),
        decimals=("amount", "probability"),
        names=("firstname", "lastname"),
    )
    kind: ClassVar[EntityKind] = EntityKind.LEAD

    def __init__(
        self,
        actor: Actor,
        policy: DuplicatePolicy = DuplicatePolicy.UPDATE,
        *,
        split_phones: bool = False,
    ) -> None:
        self._actor = actor
        self._policy = policy
        self._split_phones = split_phones
        pipelines = Pipeline.objects.visible_to(actor).order_by("weight", "pk")
        self._pipelines = Names("pipeline", pipelines.values_list("name", "pk"))
        self._default_pipeline = pipelines.filter(is_default=True).values_list("pk", flat=True).first()
        # A stage is named within its pipeline: other pipelines may have stages of the same name.
        stages: dict[int | None, list[tuple[str, int]]] = defaultdict(list)
        in_order = Stage.objects.visible_to(actor).order_by("weight", "pk")
        for pipeline_id, name, pk in in_order.values_list("pipeline_id", "name", "pk"):
            stages[pipeline_id].append((name, pk))
        self._stages = {pipeline_id: Names("stage", pairs) for pipeline_id, pairs in stages.items()}
        self._lookups = {
            column: Names(column, rows.order_by("pk").values_list("name", "pk"))
            for column, rows in (
                ("status", LeadStatus.objects.visible_to(actor)),
                ("type", LeadType.objects.visible_to(actor)),
                ("source", LeadSource.objects.visible_to(actor)),
            )
        }
        members = User.objects.visible_to(actor).values_list("username", "email", "pk")
        self._owners = Names(
            "owner",
            [(name, pk) for username, email, pk in members for name in (username, email) if name],
            unknown="No member has this username or e-mail address.",
        )

    def batch(
        self, contents: Sequence[Mapping[str, Any]], *, are_cells: bool
    ) -> AbstractContextManager[None]:
        return nullcontext()

    def store(self, cells: Mapping[str, str], *, known: int | None = None) -> Imported:
        return self._store(self._values(cells), known)

    def store_values(self, values: Mapping[str, Any], *, known: int | None = None) -> Imported:
        return self._store(cast(LeadValues, values), known)

    def _store(self, values: LeadValues, known: int | None) -> Imported:
        return import_record(
            values,
            model=Lead,
            policy=self._policy,
            actor=self._actor,
            match=self.match,
            create=partial(create_lead, actor=self._actor),
            update=self._extend,
            only_missing=only_missing_columns,
            known=known,
        )

    def match(self, values: Mapping[str, Any]) -> tuple[Lead, str] | None:
        """Return the lead whose id or UUID the values hold."""
        key = values.get("id")
        return None if is_none_given(key) else (Lead.objects.find(self._actor, key), "ID")

    def _extend(self, lead: Lead, values: LeadValues) -> tuple[Lead, Mapping[str, Any]]:
        given = {name: value for name, value in values.items() if name != "id"}
        lists: dict[str, Any] = {}
        if "tags" in given:
            kept = [{"name": tag.name, "tag": tag} for tag in lead.tags.all()]
            lists["tags"] = [{"name": tag["name"]} for tag in kept]
            given["tags"] = [*kept, *(values["tags"] or [])]
        return update_lead(lead.pk, cast(LeadValues, given), actor=self._actor), lists

    def restore(
        self, key: int, columns: Mapping[str, Any], lists: Mapping[str, Any], *, expected_version: int | None
    ) -> int:
        def save(lead: Lead, *, values: LeadValues, before: object, **options: Any) -> Lead:
            return save_lead(lead, values=values, **options)

        return restore_record(
            Lead, key, columns, lists, actor=self._actor, expected_version=expected_version, save=save
        )

    def unlink(self, keys: Mapping[str, int]) -> None:
        """Take a person out of the organization that a lead has put it into."""
        if not Lead.objects.visible_to(self._actor).filter(**keys).exists():
            with suppress(NotFound):
                remove_people(keys["organization"], {"person": keys["person"]}, actor=self._actor)

    def remove(self, key: int, *, expected_version: int | None) -> None:
        delete_lead(key, actor=self._actor, expected_version=expected_version)

    def column_of(self, path: str, cells: Mapping[str, str]) -> str:
        if path.startswith("custom_fields"):
            return custom_field_column(path, cells)
        key = path.partition(".")[0]
        return COLUMN_OF_KEY.get(key, key)

    def _values(self, cells: Mapping[str, str]) -> LeadValues:
        values: dict[str, object] = {name: cells[name] for name in TEXTS if name in cells}
        if self._split_phones and "phone" in cells:
            values |= _with_one_phone(cells["phone"], cells.get("description"))
        values["custom_fields"] = custom_field_values(cells)
        values["tags"] = tag_values(cells)
        if "organization" in cells:
            values["organization"] = {"name": cells["organization"]}
        if "person_email" in cells:
            values["people_id"] = self._person(cells["person_email"])
        if "owner" in cells:
            values["leads_owner_id"] = self._owners.find(cells["owner"])
        for column, names in self._lookups.items():
            if column in cells:
                values[f"{column}_id"] = names.find(cells[column])
        pipeline_id = self._default_pipeline
        if "pipeline" in cells:
            pipeline_id = values["pipeline_id"] = self._pipelines.find(cells["pipeline"])
        if "stage" in cells:
            stages = self._stages.get(pipeline_id, Names("stage", []))
            values["pipeline_stage_id"] = stages.find(cells["stage"])
        # Empty lists are left out: each would cost the service statements for nothing.
        return cast(LeadValues, {key: value for key, value in values.items() if value})

    def _person(self, cell: str) -> int:
        same_email = Person.objects.visible_to(self._actor).filter(email_canonical=canonical_email(cell))
        found = list(same_email.values_list("pk", flat=True)[:2])
        if not found:
            raise ValidationError({"person_email": ["No person has this e-mail address."]})
        if len(found) > 1:
            raise ValidationError({"person_email": ["Several people have this e-mail address."]})
        return found[0]
