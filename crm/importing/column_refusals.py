"""Refuses a file whose columns cannot be understood, and says what to type."""

from collections.abc import Collection, Sequence

from crm.importing.files.options import FileRefused
from crm.importing.products.catalog import Product
from crm.records.row_import import Columns


def refuse_twice(titles: Sequence[str], fields: Sequence[str | None], columns: Columns) -> None:
    """Refuse two columns that would be one field."""
    places: dict[str, list[int]] = {}
    for place, name in enumerate(fields):
        if name is not None:
            places.setdefault(name, []).append(place)
    twice = {name: found for name, found in places.items() if len(found) > 1}
    if not twice:
        return
    said = "; ".join(
        f"{name} ({', '.join(f'column {place + 1}: {titles[place]}' for place in found)})"
        for name, found in twice.items()
    )
    name, found = next(iter(twice.items()))
    other = f"{name}_2" if name in columns.repeated else "FIELD"
    raise FileRefused(
        f"Columns that occur twice: {said}. Say what each is, such as --column {found[1] + 1}={other},"
        f" or leave one out: --column {found[1] + 1}="
    )


def refuse_unknown(shown: Sequence[str], first: str, columns: Columns, product: Product | None) -> None:
    """Refuse columns that no field takes: nothing is dropped silently."""
    read_as = f"Read as {product.name}. " if product else ""
    raise FileRefused(
        f"{read_as}Unknown columns: {', '.join(shown)}. Leave them out with --ignore-rest, or name their"
        f' fields, such as --map "{first}=FIELD". Known columns: {columns.shown()}.'
    )


def refuse_missing(
    fields: Sequence[str | None],
    composed: Collection[str],
    columns: Columns,
    product: Product | None,
    *,
    full_name: str,
) -> None:
    """Refuse a file without a column that each row needs."""
    present = {name for name in fields if name is not None}.union(composed)
    if full_name in present:
        present.update(columns.names)
    missing = [" or ".join(group) for group in columns.required if not set(group) & present]
    if missing:
        read_as = f"Read as {product.name}. " if product else ""
        # One that is no field yet, if there is one.
        number = next((place for place, name in enumerate(fields, 1) if name is None), 1)
        field = missing[0].partition(" or ")[0]
        raise FileRefused(
            f"{read_as}Missing columns: {', '.join(missing)}. Say which column it is, such as"
            f" --column {number}={field}, or what it is in each row: --set {field}=VALUE."
        )
