"""Decides which columns hold several values in a cell, and what stands between them."""

from collections.abc import Sequence

from crm.importing.options import ColumnOptions, MappingRefused
from crm.importing.products.catalog import Product
from crm.records.row_import import Columns
from crm.texts import name_key


def separators(
    titles: Sequence[str],
    fields: Sequence[str | None],
    columns: Columns,
    options: ColumnOptions,
    product: Product | None,
) -> dict[int, str]:
    """Return the separators that somebody gave or a product writes, by the position of the column.

    :raises MappingRefused: if one was given for a column that is not there or holds one value.
    """
    keys = {name_key(name): separator for name, separator in options.split_columns.items()}
    unused = set(keys)
    found: dict[int, str] = {}
    for place, (title, name) in enumerate(zip(titles, fields, strict=True)):
        if name is None:
            continue
        base = name.rpartition("_")[0] if name.rpartition("_")[2].isdigit() else name
        several = base in columns.repeated
        named = keys.keys() & {name_key(title), name_key(name)}
        unused -= named
        if named and not several and name != "tags":
            raise MappingRefused(
                f"{title} holds one value: --split is for {', '.join(columns.repeated)} and tags."
            )
        if named:
            found[place] = keys[named.pop()]
        elif options.split is not None and several:
            found[place] = options.split
        elif product is not None and name_key(title) in product.split:
            found[place] = product.split[name_key(title)]
    if unused:
        raise MappingRefused(f"The file has no column {', '.join(sorted(unused))} to --split.")
    return found
