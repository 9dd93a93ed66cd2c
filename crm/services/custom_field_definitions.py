"""Definitions of custom fields, which apply to the values that records have already."""

from collections.abc import Mapping

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.db.models.lookups import In

from crm.actors import Action, Actor
from crm.caps import DEFINITIONS
from crm.database.json_entries import Entries, EntryName, entry_names
from crm.errors import Conflict, ConflictReason
from crm.models.companies import Company
from crm.models.custom_fields import CustomFieldDefinition, EntityKind, is_same
from crm.models.lifecycle import LiveQuerySet
from crm.models.records import Record
from crm.models.texts import stored_name_key
from crm.records.registry import record_kind
from crm.services import history, locking, saving, versions
from crm.services.locking import Columns
from crm.texts import name_key

PER_STATEMENT = 500
RULES = ("name", "kind", "choices")


def _assign(definition: CustomFieldDefinition, values: Mapping[str, object]) -> None:
    saving.refuse_null(values, ["model", "name", "kind", "required", "weight"])
    saving.assign(definition, values, ("model", "name", "label", "kind", "required", "weight"))
    if "choices" in values:
        definition.choices = values["choices"] or []


@saving.retried
def create_definition(values: Mapping[str, object], *, actor: Actor) -> CustomFieldDefinition:
    """Define a custom field; ``model`` and ``name`` are required.

    :raises Conflict: if records hold values under that name which do not fit.
    """
    missing = [name for name in ("model", "name") if not (values.get(name) or "")]
    if missing:
        raise ValidationError({name: ["This field is required."] for name in missing})
    definition = CustomFieldDefinition(company_id=actor.company_id)
    _assign(definition, values)
    return save_definition(definition, actor=actor)


@saving.retried
@transaction.atomic
def update_definition(key: object, values: Mapping[str, object], *, actor: Actor) -> CustomFieldDefinition:
    """Change the fields that are given; renaming a definition renames the values of records.

    :raises Conflict: if records hold values which do not fit any more.
    """
    actor.require(Action.CHANGE_LOOKUPS)
    definition = locking.lock(CustomFieldDefinition, actor, key)
    _assign(definition, values)
    return save_definition(definition, actor=actor)


@transaction.atomic
def save_definition(definition: CustomFieldDefinition, *, actor: Actor) -> CustomFieldDefinition:
    """Validate and store a definition, and adapt the values of records to it.

    :raises Conflict: if records hold values which do not fit; ``count`` says how many.
    """
    actor.require(Action.CHANGE_LOOKUPS)
    if definition._state.adding:
        locking.lock_company(actor.company_id)
        number = CustomFieldDefinition.objects.visible_to(actor).count()
        DEFINITIONS.check(before=number, after=number + 1, field="name")
    before = {} if definition._state.adding else locking.stored_values(definition, actor)
    if before and before["model"] != definition.model:
        raise ValidationError({"model": ["The kind of record of a definition cannot be changed."]})
    stored = saving.store(definition, actor=actor, before=before or None)
    if stored.created or any(name in stored.before for name in RULES):
        names = {definition.name}
        # Of two definitions that had one name when keys were introduced, only the older owns the values.
        if before and before["name_key"] == stored_name_key(before["name"]):
            names.add(before["name"])
        _adopt(definition, names=names, actor=actor)
    if "name" in stored.before and definition.model == EntityKind.LEAD:
        _rename_amount_field(definition, old_name=str(stored.before["name"]))
    return definition


def _rename_amount_field(definition: CustomFieldDefinition, *, old_name: str) -> None:
    """Have the company take amounts over from a field under its new name."""
    companies = Company.objects.filter(pk=definition.company_id)
    named = companies.values_list("amount_custom_field", flat=True).get()
    if named and name_key(named) == name_key(old_name):
        companies.update(amount_custom_field=definition.name)


@transaction.atomic
def delete_definition(key: object, *, actor: Actor) -> None:
    """Delete a definition; the values of records stay, as fields without a type."""
    actor.require(Action.CHANGE_LOOKUPS)
    locking.lock(CustomFieldDefinition, actor, key).delete()


def _adopt(definition: CustomFieldDefinition, *, names: set[str], actor: Actor) -> None:
    """Rename the values under these names, whatever their spelling; convert them to the definition's kind.

    Deleted records are among them, since they can be restored.

    :raises Conflict: if some do not fit, or a record holds several of them.
    """
    keys = {name_key(name) for name in names}
    model = record_kind(definition.model).model
    # Keys are computed in Python: names are few, and SQL finds them as they are spelled.
    spelled = [name for name in entry_names(model, definition.company_id) if name_key(name) in keys]
    if not spelled:
        return
    held = Q(In(EntryName(), spelled))
    records = model.objects.all()
    # Locked before they are read: a value that is written meanwhile would keep its old name.
    rows = records.filter(Q(Entries(held)), company_id=definition.company_id).select_for_update(of=("self",))
    changed: list[tuple[Record, Columns]] = []
    unfit = 0
    # In one order and in portions: locks do not cross, and memory stays bounded.
    for record in rows.order_by("pk").iterator(PER_STATEMENT):
        try:
            fields = _adopted(record.custom_fields, definition, keys)
        except ValueError:
            unfit += 1
            continue
        if not is_same(fields, record.custom_fields):
            before = {"custom_fields": record.custom_fields}
            record.custom_fields = fields
            changed.append((record, before))
    if unfit:
        raise Conflict(
            ConflictReason.IN_USE,
            f"{unfit} records hold values that do not fit this definition.",
            count=unfit,
        )
    _write(records, changed, actor)


def _adopted(
    fields: Mapping[str, object], definition: CustomFieldDefinition, names: set[str]
) -> dict[str, object]:
    others = {name: value for name, value in fields.items() if name_key(name) not in names}
    held = [value for name, value in fields.items() if name_key(name) in names]
    if len(held) != 1:
        raise ValueError("A record has one value of a field.")
    read = None if held[0] is None else definition.read(held[0])
    return others if read is None else {**others, definition.name: read}


def _write(records: LiveQuerySet[Record], changed: list[tuple[Record, Columns]], actor: Actor) -> None:
    # In bulk: a company has a hundred thousand records, and a manager waits.
    rows = [record for record, _before in changed]
    records.bulk_update(rows, ["custom_fields"], batch_size=PER_STATEMENT)
    changes = {record.pk: history.changes_of(record, before) for record, before in changed}
    versions.count_versions(records.model, changes, actor=actor)
