"""Positions of a person: store a whole list from a client's input."""

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, TypedDict

from django.core.exceptions import ValidationError

from crm.actors import Actor
from crm.caps import POSITIONS
from crm.database.keys import parse_id
from crm.database.rows_ahead import kept_list
from crm.errors import NotFound
from crm.services import nesting, saving
from crm.services.history import Changes
from crm.texts import name_key
from people.models import Employment, Organization, Person

#: A person's input may hold the list under either name; the second is the specification's.
NAMES = ("employment_history", "peopleEmploymentHistory")
PLAIN = ("position", "income_type", "start_date", "end_date", "status")
NEEDED = ("position", "status")
CENT = Decimal("0.01")


class EmploymentValues(TypedDict, total=False):
    id: object
    peoples_id: object
    organizations_id: object
    position: str | None
    income: float | None
    income_type: str | None
    start_date: Any
    end_date: Any
    status: int | None


def given_list(values: Mapping[str, Any]) -> tuple[str, list[EmploymentValues]] | None:
    """Return the name and the list of positions in an input, or None if it holds none."""
    lists: list[tuple[str, list[EmploymentValues]]] = [
        (name, values[name] or []) for name in NAMES if name in values
    ]
    if len(lists) == 2 and lists[0][1] != lists[1][1]:
        raise ValidationError({NAMES[0]: [f"{NAMES[0]} and {NAMES[1]} differ: send one of them."]})
    return lists[0] if lists else None


def replace_employments(
    person: Person, wanted: Sequence[EmploymentValues], *, actor: Actor, name: str = NAMES[0]
) -> tuple[set[int], Changes]:
    """Replace the positions of a person; return the organizations that the input names, and what changed.

    :param name: the name of the list in the input, for errors.
    """
    existing = {row.pk: row for row in Employment.objects.filter(person=person).order_by("pk")}
    before = [str(row) for row in existing.values()]
    POSITIONS.check(before=len(existing), after=len(wanted), field=name)
    kept: list[Employment] = []
    changed = False
    for index, item in enumerate(wanted):
        with nesting.within(f"{name}.{index}"):
            row = Employment(company_id=person.company_id, person=person)
            if not saving.is_none_given(item.get("id")):
                known = existing.get(parse_id(item["id"]) or 0)
                if known is None:
                    raise NotFound("id")
                row = known
            _check_person(item, person, actor)
            _assign(row, item, actor)
            changed |= saving.store(row, actor=actor).changed
            kept.append(row)
    gone = existing.keys() - {row.pk for row in kept}
    if gone:
        Employment.objects.filter(pk__in=gone).delete()
    named = [row for row, item in zip(kept, wanted, strict=True) if "organizations_id" in item]
    organizations = {row.organization_id for row in named if row.organization_id is not None}
    if not (changed or gone):
        return organizations, {}
    return organizations, {NAMES[0]: [before, [str(row) for row in kept]]}


def add_position(
    person: Person, title: str, organization: Organization | None, *, actor: Actor, is_new: bool
) -> Changes:
    """Add a present position in an organization, or in none, unless the person has it.

    :param is_new: whether the person was just made, and has none.
    """
    present = [] if is_new else _stored(person)
    same = (name_key(title), organization and organization.pk, Employment.CURRENT)
    if same in [(name_key(row.position), row.organization_id, row.status) for row in present]:
        return {}
    POSITIONS.check(before=len(present), after=len(present) + 1, field="position")
    row = Employment(company_id=person.company_id, person=person, organization=organization, position=title)
    try:
        saving.store(row, actor=actor)
    except ValidationError as refused:
        raise ValidationError({"position": refused.messages}) from refused
    return {NAMES[0]: [[str(each) for each in present], [*map(str, present), str(row)]]}


def _stored(person: Person) -> list[Employment]:
    kept = kept_list(person, "employments")
    if kept is None:
        return list(Employment.objects.filter(person=person).order_by("pk"))
    return sorted(kept, key=lambda row: row.pk)


def _check_person(item: EmploymentValues, person: Person, actor: Actor) -> None:
    if saving.is_none_given(item.get("peoples_id")):
        return
    named: Person = Person.objects.find(actor, item["peoples_id"], argument="peoples_id")
    if named.pk != person.pk:
        raise ValidationError({"peoples_id": ["A position stays with its person."]})


def _assign(row: Employment, item: EmploymentValues, actor: Actor) -> None:
    saving.refuse_null(item, NEEDED)
    saving.assign(row, item, PLAIN)
    if "income" in item:
        row.income = _income(item["income"])
    if "organizations_id" in item:
        key = item["organizations_id"]
        row.organization = (
            None
            if saving.is_none_given(key)
            else Organization.objects.find(actor, key, argument="organizations_id")
        )


def _income(value: Any) -> Decimal | None:
    if value is None:
        return None
    try:
        # By its shortest decimal text: the binary value of 0.1 is not 0.1.
        return Decimal(str(value)).quantize(CENT)
    except InvalidOperation as unreadable:
        raise ValidationError({"income": ["Enter a number of at most two decimal places."]}) from unreadable
