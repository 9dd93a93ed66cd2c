"""Compare the schema of the code with the contract ``schema.graphql``; with ``--write``, write it there."""

import difflib
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import django
from graphql import GraphQLSchema, build_schema, lexicographic_sort_schema, print_schema

CONTRACT = Path(__file__).parent / "schema.graphql"


def printed(schema: GraphQLSchema) -> str:
    """Return a schema in the format of the contract: sorted, with a final newline."""
    return print_schema(lexicographic_sort_schema(schema)) + "\n"


def difference(contract: GraphQLSchema, code: GraphQLSchema) -> str:
    """Return the differing lines of two schemas as a unified diff, empty if there are none."""
    lines = difflib.unified_diff(
        printed(contract).splitlines(keepends=True),
        printed(code).splitlines(keepends=True),
        fromfile="config/schema.graphql",
        tofile="the code",
    )
    return "".join(lines)


def main(arguments: Sequence[str]) -> int:
    """Print or write the difference; the exit code is 1 if there is one that was not written."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    # Needs the models, which django.setup() loads.
    from config.schema import schema

    found = difference(build_schema(CONTRACT.read_text()), schema.graphql_schema)
    if list(arguments) == ["--write"]:
        CONTRACT.write_text(printed(schema.graphql_schema))
        sys.stdout.write(f"{found or 'Nothing has changed.'}\n")
        return 0
    sys.stdout.write(found or "The code's schema is the contract.\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
