"""Decides which field each column of a file means, and says so."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from crm.importing.column_refusals import refuse_missing, refuse_twice, refuse_unknown
from crm.importing.given_fields import given_fields
from crm.importing.name_columns import settle_any_names, settle_full_names
from crm.importing.options import ColumnOptions, MappingRefused
from crm.importing.products.catalog import Product, common_titles, known_titles, recognised
from crm.importing.separators import separators
from crm.importing.titles import ANY_NAME, FULL_NAME, guessed_field, is_usual_title
from crm.models.imports import ImportKind
from crm.records.row_import import CUSTOM_FIELD, MOST_REPEATED, Columns
from crm.texts import name_key, single_line

#: How the target of a link ends.
LINK = ".external_id"


@dataclass(frozen=True, kw_only=True)
class ColumnMapping:
    """The field of each column, None for one that is not stored.

    ``separators`` and ``quoted_lists`` say how the cells of a column hold several values, ``left_out`` which
    values of a column make its row no record, ``compose`` which columns together make a field. ``constants``
    are the texts of fields that are the same in each row. ``source`` is the product that external ids are
    from, where no column says it.
    """

    titles: Sequence[str]
    fields: Sequence[str | None]
    product: str | None = None
    source: str | None = None
    not_stored: Sequence[str] = ()
    separators: Mapping[int, str] = field(default_factory=dict)
    quoted_lists: frozenset[int] = frozenset()
    left_out: Mapping[int, frozenset[str]] = field(default_factory=dict)
    compose: Mapping[str, Sequence[int]] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)

    def lines(self) -> list[str]:
        """Return sentences that say what becomes of the columns; none where titles are fields."""
        renamed = [
            f"{title} -> {name}"
            for title, name in zip(self.titles, self.fields, strict=True)
            if name is not None and field_of(title) != name
        ]
        renamed += [
            f"{' + '.join(self.titles[place] for place in places)} -> {name}"
            for name, places in self.compose.items()
        ]
        said = [f"Read as {self.product or 'follows'}: {', '.join(renamed)}"] if renamed else []
        if self.constants:
            pairs = ", ".join(f"{name}={text}" for name, text in self.constants.items())
            said.append(f"In each row: {pairs}")
        return said + ([f"Not stored: {', '.join(self.not_stored)}"] if self.not_stored else [])


def is_known_title(title: str, kind: ImportKind, columns: Columns, options: ColumnOptions) -> bool:
    """Return whether a text is the title of a column, by our names, those of a product, or those given."""
    return (
        columns.accepts(field_of(title))
        or name_key(title) in known_titles(kind)
        or is_usual_title(title, kind)
        or name_key(title) in {name_key(given) for given in (*options.titles, *options.saved_titles)}
    )


def map_columns(
    titles: Sequence[str],
    kind: ImportKind,
    columns: Columns,
    options: ColumnOptions,
    *,
    file_format: str = "CSV",
) -> ColumnMapping:
    """Return what the columns of a file mean.

    :raises MappingRefused: if an option names a column or a field that is not there.
    :raises FileRefused: if a column is unknown, or a field given twice or missing, with what to do.
    """
    product = _product_of(titles, kind, columns, file_format)
    given = given_fields(titles, options)
    fields = _fields(titles, kind, columns, product, given)
    needless = {place for place, name in given.items() if name is None}
    needless |= settle_full_names(titles, fields, columns, options)
    refuse_twice(titles, fields, columns)
    compose = _compose(titles, fields, product, given, columns)
    constants = checked_constants({*fields, *compose}, columns, options)
    left_out = _left_out(titles, fields, product)
    used = {place for places in compose.values() for place in places} | left_out.keys()
    unknown = [
        place
        for place, name in enumerate(fields)
        if name is None and titles[place].strip() and place not in needless and place not in used
    ]
    if product is not None:
        needless |= {place for place in unknown if name_key(titles[place]) in product.redundant}
    unknown = [place for place in unknown if place not in needless]
    shown = [_with_reason(titles[place], product) for place in unknown]
    if unknown and not options.ignore_rest:
        refuse_unknown(shown, titles[unknown[0]], columns, product)
    refuse_missing(fields, {*compose, *constants}, columns, product, full_name=FULL_NAME)
    return ColumnMapping(
        titles=titles,
        fields=fields,
        product=product.name if product else None,
        source=options.source or (product.source if product else None),
        not_stored=[*(titles[place] or f"column {place + 1}" for place in sorted(needless)), *shown],
        separators=separators(titles, fields, columns, options, product),
        quoted_lists=frozenset(
            place for place, title in enumerate(titles) if product and name_key(title) in product.quoted_lists
        ),
        left_out=left_out,
        compose=compose,
        constants=constants,
    )


def proposed_fields(
    titles: Sequence[str], kind: ImportKind, columns: Columns, *, file_format: str = "CSV"
) -> list[str | None]:
    """Return what the columns of a file seem to mean, also of a file that ``map_columns`` refuses."""
    product = _product_of(titles, kind, columns, file_format)
    return _fields(titles, kind, columns, product, {})


def _product_of(
    titles: Sequence[str], kind: ImportKind, columns: Columns, file_format: str
) -> Product | None:
    own = all(columns.accepts(field_of(title)) for title in titles if title.strip())
    return None if own else recognised(titles, kind, file_format)


def _fields(
    titles: Sequence[str],
    kind: ImportKind,
    columns: Columns,
    product: Product | None,
    given: Mapping[int, str | None],
) -> list[str | None]:
    fields: list[str | None] = []
    usual = common_titles(kind)
    own = {field_of(title) for title in titles if columns.accepts(field_of(title))}
    for place, title in enumerate(titles):
        found = given[place] if place in given else _field_by_title(title, columns, product)
        if place in given and found is not None:
            found = checked_field(found, columns)
        elif found is None and place not in given and not _is_of(product, title):
            found = usual.get(name_key(title))
            # Our own name says it better; what the other column is, somebody has to say.
            found = None if found in own and found not in columns.repeated else found
        fields.append(
            _next_free(found, fields, columns) if _may_count(found, place, given, titles) else found
        )
    _guess(titles, fields, kind, columns, product, given)
    settle_any_names(fields, columns)
    return fields


def _guess(
    titles: Sequence[str],
    fields: list[str | None],
    kind: ImportKind,
    columns: Columns,
    product: Product | None,
    given: Mapping[int, str | None],
) -> None:
    """Fill in fields that titles seem to mean, and that no column is of as it stands."""
    for place, title in enumerate(titles):
        if fields[place] is not None or place in given or _is_of(product, title):
            continue
        found = guessed_field(title, kind, columns.repeated)
        if _may_count(found, place, given, titles):
            found = _next_free(found, fields, columns)
        is_taken = found in fields or (found in (ANY_NAME, FULL_NAME) and {ANY_NAME, FULL_NAME} & {*fields})
        fields[place] = None if is_taken else found


def field_of(title: str) -> str:
    """Return the field that a title names if it is one of ours; only custom fields keep their case."""
    name = single_line(title)
    for family in (CUSTOM_FIELD, "contacts."):
        if name.casefold().startswith(family):
            return family + name[len(family) :].strip()
    return name_key(name)


def checked_field(name: str, columns: Columns) -> str:
    """Return a field that somebody named, as it is called here.

    :raises MappingRefused: if there is none.
    """
    known = field_of(name)
    # As links are written: ``organization.external_id``.
    if known.endswith(LINK) and columns.accepts(known.replace(LINK, "_external_id")):
        return known.replace(LINK, "_external_id")
    if known != FULL_NAME and not columns.accepts(known):
        raise MappingRefused(f"Unknown fields: {name}. Known fields: {columns.shown()}.")
    return known


def checked_constants(
    fields: Collection[str | None], columns: Columns, options: ColumnOptions
) -> dict[str, str]:
    """Return the values that are the same in each row, by the fields as they are called here.

    :param fields: those that columns of the file hold.
    :raises MappingRefused: if one is unknown, or the file has it too.
    """
    constants = {checked_field(name, columns): text for name, text in options.constants.items()}
    both = [name for name in constants if name in fields]
    if both:
        raise MappingRefused(
            f"{both[0]} is a column of the file, and the same in each row: leave the column or the value out."
        )
    return constants


def links(columns: Columns) -> list[str]:
    """Return the targets of links that rows of a kind may have."""
    end = "_external_id"
    return [f"{name.removesuffix(end)}{LINK}" for name in columns.known if name.endswith(end)]


def _field_by_title(title: str, columns: Columns, product: Product | None) -> str | None:
    if product is not None and _is_of(product, title):
        return product.columns.get(name_key(title))
    return field_of(title) if columns.accepts(field_of(title)) else None


def _is_of(product: Product | None, title: str) -> bool:
    return product is not None and name_key(title) in product.titles


def _may_count(name: str | None, place: int, given: Mapping[int, str | None], titles: Sequence[str]) -> bool:
    """Return whether a field may become its second, third and so on, if it is taken already.

    Not if a person named it, and not for a title that occurs twice: that may be a mistake in the file.
    """
    repeated = [name_key(title) for title in titles].count(name_key(titles[place])) > 1
    return name is not None and place not in given and not repeated


def _next_free(name: str | None, taken: Sequence[str | None], columns: Columns) -> str | None:
    if name not in columns.repeated or name not in taken:
        return name
    numbered = (f"{name}_{number}" for number in range(2, MOST_REPEATED + 1))
    return next((free for free in numbered if free not in taken), name)


def _compose(
    titles: Sequence[str],
    fields: Sequence[str | None],
    product: Product | None,
    given: Mapping[int, str | None],
    columns: Columns,
) -> dict[str, list[int]]:
    left_out = {place for place, name in given.items() if name is None}
    keys = ["" if place in left_out else name_key(title) for place, title in enumerate(titles)]
    wanted = product.compose if product else {}
    found = {
        name: [keys.index(key) for key in parts if key in keys]
        for name, parts in wanted.items()
        # A calling code without its number is no phone.
        if name not in fields and (name not in columns.repeated or parts[-1] in keys)
    }
    return {name: places for name, places in found.items() if places}


def _left_out(
    titles: Sequence[str], fields: Sequence[str | None], product: Product | None
) -> dict[int, frozenset[str]]:
    """Return the values by which a product says that a row is no live record, by column."""
    wanted = product.leave_out if product else {}
    return {
        place: wanted[name_key(title)]
        for place, title in enumerate(titles)
        if fields[place] is None and name_key(title) in wanted
    }


def _with_reason(title: str, product: Product | None) -> str:
    reason = product.no_place.get(name_key(title)) if product else None
    return f"{title} ({reason})" if reason else title
