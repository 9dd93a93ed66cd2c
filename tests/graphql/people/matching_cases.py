"""Rows, the people who are known, and whom a row means: the rule of matching, case by case."""

from dataclasses import dataclass
from typing import Any

from people.models import ContactType

A, B = "a@example.com", "b@example.com"
PHONE, SPELLED = "+1 415 555 0600", "(415) 555-0600"

Row = dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Case:
    """People who are known, a row, and the places of those whom it means, or who are the candidates.

    ``refused`` if they are candidates of a conflict, found by the keys.
    """

    known: list[Row]
    row: Row
    means: tuple[int, ...] = ()
    refused: bool = False
    keys: tuple[str, ...] = ()


JANE = {"firstname": "Jane", "lastname": "Doe"}
RITA = {"firstname": "Rita"}
CASES = {
    "e-mail": Case(known=[JANE | {"email": A}], row=RITA | {"email": "A@Example.com"}, means=(0,)),
    "e-mail, and the phone of others": Case(
        known=[JANE | {"email": A}, RITA | {"email": B, "phone": PHONE}, RITA | {"phone": PHONE}],
        row=JANE | {"email": A, "phone": SPELLED},
        means=(0,),
    ),
    "phone of another e-mail": Case(
        known=[RITA | {"email": B, "phone": PHONE}],
        row=JANE | {"email": A, "phone": SPELLED},
        means=(0,),
        refused=True,
        keys=("PHONE",),
    ),
    "phone of another e-mail, same name": Case(
        known=[JANE | {"email": B, "phone": PHONE}],
        row=JANE | {"email": A, "phone": "4155550600"},
        means=(0,),
        refused=True,
        keys=("PHONE",),
    ),
    "phone without an e-mail": Case(
        known=[JANE | {"phone": PHONE}], row=JANE | {"email": A, "phone": SPELLED}, means=(0,)
    ),
    "phone without an e-mail, another name": Case(
        known=[JANE | {"phone": PHONE}],
        row=RITA | {"email": A, "phone": SPELLED},
        means=(0,),
        refused=True,
        keys=("PHONE",),
    ),
    "phone alone": Case(known=[JANE | {"email": A, "phone": PHONE}], row={"phone": SPELLED}, means=(0,)),
    "phone and name": Case(
        known=[{"firstname": "José", "lastname": "Weiß", "phone": PHONE}],
        row={"firstname": "JOSE\u0301", "lastname": " WEISS", "phone": "0014155550600"},
        means=(0,),
    ),
    "phone of a person without a name": Case(
        known=[{"email": A, "phone": PHONE}], row=JANE | {"phone": SPELLED}, means=(0,)
    ),
    "phone and another name": Case(
        known=[JANE | {"phone": PHONE}],
        row=RITA | {"phone": SPELLED},
        means=(0,),
        refused=True,
        keys=("PHONE",),
    ),
    "an initial is another name": Case(
        known=[JANE | {"phone": PHONE}],
        row={"firstname": "J.", "lastname": "Doe", "phone": SPELLED},
        means=(0,),
        refused=True,
        keys=("PHONE",),
    ),
    "several by e-mail": Case(
        known=[JANE | {"email": A}, RITA | {"email": A}],
        row=JANE | {"email": A},
        means=(0, 1),
        refused=True,
        keys=("EMAIL",),
    ),
    "several by phone": Case(
        known=[JANE | {"phone": PHONE}, RITA | {"phone": PHONE}],
        row=JANE | {"phone": SPELLED},
        means=(0, 1),
        refused=True,
        keys=("PHONE",),
    ),
    "several by phone, one with the e-mail of nobody": Case(
        known=[JANE | {"phone": PHONE}, RITA | {"email": B, "phone": PHONE}],
        row=JANE | {"email": A, "phone": SPELLED},
        means=(0, 1),
        refused=True,
        keys=("PHONE",),
    ),
    "another extension": Case(
        known=[JANE | {"phone": f"{PHONE} ext. 1"}], row=JANE | {"phone": f"{SPELLED} x2"}
    ),
    "with and without an extension": Case(
        known=[JANE | {"phone": f"{PHONE} #101"}], row=JANE | {"phone": SPELLED}
    ),
    "the same extension": Case(
        known=[JANE | {"phone": f"{PHONE};ext=7"}], row=JANE | {"phone": f"{SPELLED} extension 7"}, means=(0,)
    ),
    "a number of no plan": Case(known=[JANE | {"phone": "555-7777"}], row=JANE | {"phone": "555-7777"}),
    "no key": Case(known=[JANE], row=JANE),
}


def as_input(row: Row) -> Any:
    """Return a row as an input of the API."""
    values: dict[str, Any] = {name: text for name, text in row.items() if name != "phone"}
    if "phone" in row:
        kind = ContactType.objects.get(company=None, kind="PHONE")
        values["contacts"] = [{"contacts_types_id": str(kind.pk), "value": row["phone"]}]
    return values
