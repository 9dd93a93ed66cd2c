"""Whether a process stays as large as it is while it is sent ever new documents.

``python -m benchmarks.memory`` sends distinct valid documents with a token, in this process, on the way that
requests over HTTP take after they were read, to the PostgreSQL database of ``DATABASE_URL`` (``crm_reads`` on
this machine unless it is set), which it makes if there is none. It prints the resident memory after each
tenth; exit code 1 says that the last reading is more than 10 % above that after 20 %, when the caches are
full.
"""

import argparse
import gc
import os
import random
import sys
import time
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from graphql import GraphQLObjectType, GraphQLSchema, get_named_type, is_leaf_type

MOST_GROWTH = 1.10
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
#: Lists, with columns that are compared with numbers and with texts.
LISTS = {
    "leads": (("ID",), ("TITLE", "EMAIL")),
    "peoples": (("ID",), ("EMAIL", "FIRSTNAME", "NAME")),
    "organizations": (("ID",), ("NAME", "EMAIL")),
    "pipelines": (("ID", "WEIGHT"), ("NAME",)),
    "tags": (("ID", "WEIGHT"), ("NAME", "SLUG")),
    "users": (("ID",), ("DISPLAYNAME", "EMAIL")),
}
NUMBERS = ("EQ", "NEQ", "GT", "GTE", "LT", "LTE")
TEXTS = ("EQ", "NEQ", "LIKE", "NOT_LIKE")


@dataclass
class Writer:
    """Writes the document of a number: the same each time, and no other's."""

    schema: GraphQLSchema
    number: int
    variables: dict[str, Any] = field(default_factory=dict)
    declared: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.draw = random.Random(self.number)
        self._left = 12

    def document(self) -> str:
        """Return the text of a document; ``variables`` holds its variables."""
        root: Any = self.schema.query_type
        name = self.draw.choice(list(LISTS))
        definition = root.fields[name]
        wrapper: Any = get_named_type(definition.type)
        row: Any = get_named_type(wrapper.fields["data"].type)
        depth = 2 if self.draw.random() < 0.05 else 1
        listing = (
            f"r{self.number}: {name}({self._arguments(name)}) {{ data {self._selection(row, depth)}"
            f" paginatorInfo {{ hasMorePages {self.draw.choice(['', 'total', 'count', 'currentPage'])} }} }}"
        )
        declared = f"({', '.join(self.declared)})" if self.declared else ""
        return f"query Q{self.number}{declared} {{ {listing} }}"

    def _variable(self, kind: str, value: Any) -> str:
        name = f"v{len(self.variables)}"
        self.variables[name] = value
        self.declared.append(f"${name}: {kind}")
        return f"${name}"

    def _arguments(self, name: str) -> str:
        numbers, _ = LISTS[name]
        first = self.draw.randrange(1, 11)
        given = [f"first: {self._variable('Int!', first) if self.draw.random() < 0.3 else first}"]
        if self.draw.random() < 0.6:
            given.append(f"where: {self._condition(name, 3)}")
        if self.draw.random() < 0.5:
            column, order = self.draw.choice(numbers[:1]), self.draw.choice(["ASC", "DESC"])
            given.append(f"orderBy: [{{ column: {column}, order: {order} }}]")
        if self.draw.random() < 0.3:
            given.append(f"page: {self.draw.randrange(1, 4)}")
        return ", ".join(given)

    def _condition(self, name: str, depth: int) -> str:
        if depth and self.draw.random() < 0.5:
            parts = ", ".join(self._condition(name, depth - 1) for _ in range(self.draw.randrange(1, 4)))
            return f"{{ {self.draw.choice(['AND', 'OR'])}: [{parts}] }}"
        numbers, texts = LISTS[name]
        if self.draw.random() < 0.5:
            column, operator = self.draw.choice(numbers), self.draw.choice(NUMBERS)
            value: Any = self.draw.randrange(1, 10**6)
        else:
            column, operator = self.draw.choice(texts), self.draw.choice(TEXTS)
            value = f'"a{self.draw.randrange(10**6)}"'
        return f"{{ column: {column}, operator: {operator}, value: {value} }}"

    def _selection(self, type_: GraphQLObjectType, depth: int) -> str:
        known = [(name, each) for name, each in type_.fields.items() if not each.args]
        leaves = [name for name, each in known if is_leaf_type(get_named_type(each.type))]
        objects = [
            (name, get_named_type(each.type))
            for name, each in known
            if isinstance(get_named_type(each.type), GraphQLObjectType)
        ]
        parts = [self._key(name) for name in self.draw.sample(leaves, min(len(leaves), 3))]
        if depth and objects:
            parts += [
                f"{self._key(name)} {self._selection(below, depth - 1)}"
                for name, below in self.draw.sample(objects, min(self.draw.randrange(3), len(objects)))
            ]
        return "{ __typename " + " ".join(parts) + " }"

    def _key(self, name: str) -> str:
        key = name
        if self._left and self.draw.random() < 0.3:
            self._left -= 1
            key = f"a{self._left}: {name}"
        if self.draw.random() < 0.05:
            key += f" @include(if: {self._variable('Boolean!', self.draw.random() < 0.7)})"
        return key


def resident_bytes() -> int:
    """Return the resident memory of this process after a garbage collection."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE_BYTES


def ask(schema: GraphQLSchema, token: str, document: str, variables: dict[str, Any]) -> bytes:
    """Return the body of the answer to a document that is sent with a token."""
    from crm.authentication import authenticate_token
    from crm.graphql.execution import Operation
    from crm.graphql.http.handler import Exchange, answer_exchange
    from crm.graphql.http.responses import JSON
    from crm.graphql.http.speculation import run_ahead

    exchange = Exchange(
        schema=schema,
        method="POST",
        media_type=JSON,
        authenticate=lambda: authenticate_token(token),
        read=lambda _credential: Operation(query=document, variables=variables),
    )

    ahead = partial(
        run_ahead, header=f"Bearer {token}", authenticate=lambda fetch: authenticate_token(token, fetch=fetch)
    )
    return answer_exchange(exchange, ahead).body


def main() -> None:
    """Send the documents, and print what the process holds."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.memory", description=__doc__)
    parser.add_argument("--documents", type=int, default=100_000)
    parser.add_argument("--from", type=int, default=0, dest="begin", help="number of the first document")
    arguments = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    os.environ.setdefault("DATABASE_URL", "postgres://postgres@127.0.0.1:5432/crm_reads")
    # Debug keeps the text of each statement.
    os.environ |= {"DJANGO_DEBUG": "false", "DJANGO_SECRET_KEY": "benchmark" * 8, "DATABASE_POOL_SIZE": "0"}
    os.environ |= {"API_RATE_LIMIT": "0"}
    os.environ.setdefault("DJANGO_ALLOWED_HOSTS", "localhost")
    import django

    django.setup()
    from benchmarks.dataset import Size, build, migrate_own_database
    from config.schema import schema
    from crm.graphql.compiler import fallbacks
    from crm.models import Company, User
    from crm.services.tokens import create_token

    if migrate_own_database():
        build(Size(leads=2_000, people=1_000, organizations=200))
    company = Company.objects.get(name="Larger")
    _, token = create_token(User.objects.get(username="larger-admin"), company, name="memory")
    readings: list[int] = []
    refused = 0
    started = time.monotonic()
    for number in range(arguments.documents):
        writer = Writer(schema.graphql_schema, arguments.begin + number)
        document = writer.document()
        answer = ask(schema.graphql_schema, token, document, writer.variables)
        if b'"errors":' in answer:
            refused += 1
            if refused <= 3:
                sys.stdout.write(f"{document}\n{answer.decode()}\n")
        if (number + 1) * 10 // arguments.documents > len(readings):
            readings.append(resident_bytes())
            seconds = time.monotonic() - started
            sys.stdout.write(
                f"{len(readings) * 10:3} %: {number + 1:7} documents, {readings[-1] / 2**20:7.1f} MiB,"
                f" {seconds:5.0f} s\n"
            )
            sys.stdout.flush()
    standard = sum(fallbacks.values())
    growth = readings[-1] / readings[1]
    sys.stdout.write(
        f"{refused} answers had errors; {standard} operations were answered by the standard executor.\n"
        f"After 100 % of the documents: {growth:.2f} of the memory after 20 %.\n"
    )
    if growth > MOST_GROWTH:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
