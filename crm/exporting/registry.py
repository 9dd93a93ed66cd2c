"""The kinds of rows to export, by name; apps register theirs in ``AppConfig.ready``."""

from dataclasses import dataclass

from crm.exporting.sources import ExportSource


@dataclass(frozen=True, kw_only=True)
class Exported:
    """One kind of rows that can be exported.

    ``graphql_list`` is the name of its list in the API and the import path of its columns: commands without
    the API load no GraphQL.
    """

    source: type[ExportSource]
    graphql_list: tuple[str, str]


_exported: dict[str, Exported] = {}


def register(exported: Exported) -> None:
    _exported[exported.source.name] = exported


def exported_named(name: str) -> Exported:
    """Return what is exported under a name."""
    return _exported[name]


def exported_names() -> tuple[str, ...]:
    return tuple(_exported)
