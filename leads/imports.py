"""Import leads: one row of a file becomes one lead."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from typing import Any, ClassVar, cast

from django.core.exceptions import ValidationError

from crm.actors import Actor
from crm.errors import NotFound
from crm.importing.names import Names
from crm.importing.reading_ahead import read_named_ahead, read_own_ahead
from crm.importing.record_values import (
    MOMENTS,
    RECORD_COLUMNS,
    RecordValues,
    find_named,
    id_by_uuid,
    without_source_of_links,
)
from crm.importing.row_values import custom_field_column, custom_field_values, tag_names, tag_values
from crm.models import DuplicatePolicy, ImportKind
from crm.models.external_ids import EXTERNAL_ID_COLUMNS
from crm.records.row_import import Columns, Imported
from crm.services.tags import read_ahead as read_tags_ahead
from crm.services.versions import locked_records
from leads.models import Lead, LeadLostReason, LeadSource, LeadStatus, LeadType
from leads.models.deal_value import READERS
from leads.services import importing
from leads.services.lead_input import LeadValues
from leads.services.leads import delete_lead
from leads.services.referenced_rows import read_referenced_ahead
from leads.services.unchanged import with_lists
from leads.services.upserting import match_lead
from people.models import Organization, Person
from people.models.canonical import canonical_email
from people.models.phones import parted
from people.services.organizations import read_names_ahead
from people.services.person_organizations import read_links_ahead, remove_people
from pipelines.models import Pipeline, Stage

TEXTS = (
    *("title", "firstname", "lastname", "email", "phone", "description", "reason_lost"),
    *READERS,
    *EXTERNAL_ID_COLUMNS,
)
LOOKUPS = ("status", "type", "source", "lost_reason")
#: Columns of the past, beside those of every kind of record.
TIMES = (*MOMENTS, "stage_changed_at", "closed_at")
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
    "lost_reason_id": "lost_reason",
}


def _with_one_phone(phone: str, description: str | None) -> dict[str, object]:
    """Return the first phone number of a text, with the further ones in the description."""
    first, *further = parted(phone)
    lines = [*([description] if description else []), *(f"Phone: {number}" for number in further)]
    return {"phone": first, "description": "\n".join(lines)}


class LeadImport:
    """The import of leads. Only missing organizations and tags are created with them.

    A second lead of one person is another deal: a lead is known by its own id or external id alone.
    """

    columns: ClassVar[Columns] = Columns(
        known=(
            *TEXTS,
            *("uuid", "organization", "organization_uuid", "organization_external_id"),
            *("person_email", "person_uuid", "person_external_id"),
            *("pipeline", "stage", *LOOKUPS, "tags", "stage_changed_at", "closed_at"),
            *RECORD_COLUMNS,
        ),
        required=[("title",)],
        dates=("expected_close_on",),
        decimals=("amount", "probability"),
        names=("firstname", "lastname"),
        moments=TIMES,
    )
    kind: ClassVar[ImportKind] = ImportKind.LEAD

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
        #: The people of a batch, by their canonical e-mail address.
        self._people: dict[str, list[int]] = {}
        self._record_values = RecordValues(actor, owner="leads_owner_id")
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
                ("lost_reason", LeadLostReason.objects.visible_to(actor)),
            )
        }
        # Other products say only whether a deal is open, won or lost.
        statuses = LeadStatus.objects.visible_to(actor).order_by("weight", "pk")
        for category, pk in statuses.values_list("category", "pk"):
            self._lookups["status"].add(category, pk)

    def batch(
        self, contents: Sequence[Mapping[str, Any]], *, are_cells: bool
    ) -> AbstractContextManager[None]:
        return self._reading_ahead(contents) if are_cells else nullcontext()

    @contextmanager
    def _reading_ahead(self, contents: Sequence[Mapping[str, Any]]) -> Iterator[None]:
        given = [(cells, canonical_email(cells.get("person_email"))) for cells in contents]
        emails = {email for _, email in given if email}
        people = Person.objects.visible_to(self._actor).filter(email_canonical__in=emails)
        found: dict[str, list[int]] = {email: [] for email in emails}
        for email, key in people.order_by("pk").values_list("email_canonical", "pk"):
            found[email or ""].append(key)
        meant = {email: keys[0] for email, keys in found.items() if len(keys) == 1}
        named = read_named_ahead("person", Person, contents, actor=self._actor)
        read_referenced_ahead("people_id", {*meant.values(), *named}, actor=self._actor)
        organizations = read_named_ahead("organization", Organization, contents, actor=self._actor)
        read_referenced_ahead("organization_id", organizations, actor=self._actor)
        joining = {meant[email] for cells, email in given if email in meant and "organization" in cells}
        leads: Sequence[Lead] = []
        if self._policy != DuplicatePolicy.CREATE:
            leads = read_own_ahead(Lead, contents, actor=self._actor, with_lists=with_lists)
        if any("organization" in cells for cells in contents):
            joining |= named
            joining |= {lead.person_id for lead in leads if lead.person_id and lead.organization_id}
        read_links_ahead(joining, actor=self._actor)
        names = [cells["organization"] for cells in contents if "organization" in cells]
        known = read_names_ahead(names, actor=self._actor)
        read_tags_ahead(tag_names(contents), actor=self._actor)
        if joining:
            # Whatever locks records of several kinds locks people before organizations.
            locked_records(Organization, known)
        self._people = found
        try:
            yield
        finally:
            self._people = {}

    def store(self, cells: Mapping[str, str], *, known: int | None = None) -> Imported:
        return importing.import_lead(self._values(cells), policy=self._policy, actor=self._actor, known=known)

    def store_values(self, values: Mapping[str, Any], *, known: int | None = None) -> Imported:
        given = cast(LeadValues, values)
        return importing.import_lead(given, policy=self._policy, actor=self._actor, known=known)

    def match(self, values: Mapping[str, Any]) -> tuple[Lead, str] | None:
        return match_lead(cast(LeadValues, values), actor=self._actor)

    def restore(
        self, key: int, columns: Mapping[str, Any], lists: Mapping[str, Any], *, expected_version: int | None
    ) -> int:
        return importing.restore_lead(
            key, columns, lists, actor=self._actor, expected_version=expected_version
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
        own = without_source_of_links(cells)
        values: dict[str, object] = {name: own[name] for name in TEXTS if name in own}
        if self._split_phones and "phone" in cells:
            values |= _with_one_phone(cells["phone"], cells.get("description"))
        values["custom_fields"] = custom_field_values(cells)
        values["tags"] = tag_values(cells)
        organization = find_named("organization", Organization, cells, self._actor, otherwise="organization")
        # A uuid or external id says which of several organizations of a name is meant.
        if organization is not None:
            values["organization_id"] = organization.pk
        elif "organization" in cells:
            values["organization"] = {"name": cells["organization"]}
        person = find_named("person", Person, cells, self._actor, otherwise="person_email")
        if person is not None:
            values["people_id"] = person.pk
        elif "person_email" in cells:
            values["people_id"] = self._person(cells["person_email"])
        values |= self._record_values.read(cells, moments=TIMES)
        values["id"] = id_by_uuid(Lead, cells, self._policy, self._actor)
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
        email = canonical_email(cell)
        found = self._people.get(email or "")
        if found is None:
            same_email = Person.objects.visible_to(self._actor).filter(email_canonical=email)
            found = list(same_email.values_list("pk", flat=True)[:2])
        if not found:
            raise ValidationError({"person_email": ["No person has this e-mail address."]})
        if len(found) > 1:
            raise ValidationError({"person_email": ["Several people have this e-mail address."]})
        return found[0]
