"""Work out and store the addresses of a person from a client's input."""

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

from crm.caps import ADDRESSES
from crm.database.inserts import insert_all
from crm.database.keys import parse_id
from crm.database.new_rows import relate
from crm.database.rows_ahead import kept_list
from crm.database.updates import save_columns
from crm.errors import NotFound
from crm.services import nesting, saving
from crm.services.history import Changes
from crm.texts import name_key
from people.models import Address, Contact, Person

ADDRESS_TEXTS = ("address", "address_2", "city", "county", "state", "zip", "country")


class AddressValues(TypedDict, total=False):
    id: object
    address: str | None
    address_2: str | None
    city: str | None
    county: str | None
    state: str | None
    zip: str | None
    country: str | None
    is_default: bool | None


def replace_addresses(person: Person, wanted: Sequence[AddressValues], *, is_new: bool = False) -> Changes:
    """Replace the addresses of a person, exactly one of them the default; empty ones are ignored."""
    existing = {} if is_new else {address.pk: address for address in _stored_addresses(person)}
    before = {pk: _address_state(address) for pk, address in existing.items()}
    listed_before = [str(address) for address in existing.values()]
    keep: list[Address] = []
    claims: list[bool] = []
    for index, item in enumerate(wanted):
        address = Address(company_id=person.company_id, person=person)
        if item.get("id") is not None:
            known = existing.get(parse_id(item["id"]) or 0)
            if known is None:
                raise NotFound(f"address.{index}.id")
            address = known
        for name in ADDRESS_TEXTS:
            if name in item:
                setattr(address, name, item[name] or None)  # type: ignore[literal-required]  # listed above
        if "is_default" in item:
            address.is_default = bool(item["is_default"])
        if any(getattr(address, name) for name in ADDRESS_TEXTS) and address not in keep:
            check_fields(address, f"address.{index}")
            keep.append(address)
            claims.append(bool(item.get("is_default")))
    ADDRESSES.check(before=len(existing), after=len(keep), field="address")
    # A default that the client names wins over the present one; without either it is the first.
    ranked = sorted(zip(keep, claims, strict=True), key=lambda pair: (not pair[1], not pair[0].is_default))
    chosen = ranked[0][0] if ranked else None
    for address in keep:
        address.is_default = address is chosen
    kept = {address.pk for address in keep}
    gone = [pk for pk in existing if pk not in kept]
    changed = [
        address for address in keep if address._state.adding or _address_state(address) != before[address.pk]
    ]
    if gone:
        Address.objects.filter(pk__in=gone).delete()
    # The constraint allows one default at a time, so the new one is written last.
    for address in sorted(changed, key=lambda row: row.is_default):
        if address._state.adding:
            insert_all([address])
        elif address.is_default == before[address.pk][-1]:
            save_columns(address, {*ADDRESS_TEXTS, "updated_at"})
        else:
            # At once: of changes that are written together no order is sure.
            address.save()
    if not (gone or changed):
        return {}
    return {"address": [listed_before, [str(address) for address in keep]]}


def _stored_addresses(person: Person) -> list[Address]:
    kept = kept_list(person, "addresses")
    if kept is None:
        return list(person.addresses.order_by("pk"))
    for address in kept:
        relate(address, "person", person)
    return sorted(kept, key=lambda address: address.pk)


def address_key(address: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what is equal for two addresses that differ only in case and spelling."""
    return tuple(name_key(address.get(name)) for name in ADDRESS_TEXTS)


def _address_state(address: Address) -> tuple[object, ...]:
    return (*(getattr(address, name) for name in ADDRESS_TEXTS), address.is_default)


def check_fields(row: Contact | Address, path: str) -> None:
    """Check the fields of a contact or an address; errors name the path of the input."""
    with nesting.within(path):
        row.clean_fields(exclude=saving.relations_of(type(row)))
