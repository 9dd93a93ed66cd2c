"""Compare the registry of cases with a schema."""

from collections.abc import Mapping

from graphql import GraphQLSchema

from tests.tenants.cases import Case, coordinate_of
from tests.tenants.walk import id_places, operations


def gaps(schema: GraphQLSchema, cases: Mapping[str, Case]) -> list[str]:
    """Return operations without a case, ids without a case, and cases without an operation or id."""
    present = operations(schema)
    named = {coordinate_of(name) for name in cases}
    found = [f"{coordinate} has no case" for coordinate in present if coordinate not in named]
    for coordinate in sorted(named):
        if coordinate not in present:
            found.append(f"{coordinate} is no operation")
            continue
        places = id_places(present[coordinate])
        variants = [case for name, case in cases.items() if coordinate_of(name) == coordinate]
        covered = {path for case in variants for path in (*case.ids, *case.ignored, *case.reported)}
        found += [f"{coordinate}({path}) has no case" for path in sorted(places - covered)]
        found += [f"{coordinate}({path}) takes no id" for path in sorted(covered - places)]
    return found
