"""Measure imports of files with every column that other products export: new, known and changed records.

``python -m benchmarks.import_columns [organizations|people|leads|activities] [--rows N]`` with
``DATABASE_URL`` makes a test database of its own and removes it. Each file is imported into a company that
has none of its records; then its rows in another file; then with another address, name, title or subject in
every row. Printed are rows a second, the CPU time of this process for each row, and what became of the rows.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import django

from benchmarks import imports
from config.gc_tuning import raise_thresholds

EVERY = "external_id,external_source,tags,custom_fields.segment,owner,created_at,note"
FILES: dict[str, tuple[str, Callable[[int, str], str]]] = {
    "organizations": ("name,address,city", lambda n, word: f"Org {n},{word} {n},Rome"),
    "people": (
        "firstname,lastname,email,phone,organization,position,address,city,country,dob",
        lambda n, word: (
            f"First{n % 5000},{word}{n},p{n}@example.com,+1 212 {2 + n // 1_000_000}{n // 10_000 % 100:02} "
            f"{n % 10_000:04},Org {n // 4},Clerk,Via {n},Rome,Italy,1980-01-02"
        ),
    ),
    "leads": (
        "title,person_external_id,organization,stage,amount,expected_close_on",
        lambda n, word: f"{word} {n},{n % 1000},Org {n // 4},Proposal,{n % 997}.50,2030-01-02",
    ),
    "activities": (
        "record_kind,record_external_id,record_external_source,kind,subject,text,owner,assignee,due_at,"
        "created_at",
        lambda n, word: (
            f"people,{n % 1000},hubspot,TASK,{word} {n},Ask about {n},benchmark,benchmark,2024-05-01 10:00,"
            "2024-04-01 09:00"
        ),
    ),
}


def write(path: Path, kind: str, rows: int, word: str) -> None:
    columns, row = FILES[kind]
    has_every = kind != "activities"
    with path.open("w") as file:
        file.write(f"{columns},{EVERY}\n" if has_every else f"{columns}\n")
        # Another file for the ledger, which knows the rows of this one.
        file.write("\n" * len(path.name))
        for n in range(rows):
            every = f",{n},hubspot,Tag{n % 10},S{n % 50},benchmark,2024-03-01 10:00,Met at fair {n}"
            file.write(f"{row(n, word)}{every if has_every else ''}\n")


def measure(kind: str, directory: Path, rows: int) -> None:
    from crm.importing.running import run_import
    from crm.records.registry import import_kind

    actor = imports.new_company(kind)
    names = {"people": "PEOPLE", "organizations": "ORGANIZATION", "leads": "LEAD", "activities": "ACTIVITY"}

    def store(path: Path, kind: str) -> Any:
        with path.open("rb") as file:
            return run_import(
                file,
                import_kind(names[kind]).row_import,
                actor=actor,
                filename=path.name,
                on_error=lambda error: sys.exit(f"A row was refused: {error}"),
            )

    if kind in ("leads", "activities"):
        write(directory / "named.csv", "people", 1000, "Last")
        store(directory / "named.csv", "people")
    for what, word in (("new", "One"), ("known", "One"), ("changed", "Other")):
        path = directory / f"{kind}-{what}.csv"
        write(path, kind, rows, word)
        begun, cpu = perf_counter(), process_time()
        job = store(path, kind)
        seconds = perf_counter() - begun
        sys.stdout.write(
            f"{kind}, {what}: {rows / seconds:.0f} rows/s, {(process_time() - cpu) / rows * 1e6:.0f} us of "
            f"Python; {job.created} created, {job.updated} updated, {job.unchanged} unchanged\n"
        )
        sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kinds", choices=[*FILES, []], nargs="*")
    parser.add_argument("--rows", type=int, default=20_000)
    given = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    raise_thresholds()
    django.setup()
    from django.test.utils import setup_databases, teardown_databases

    databases = setup_databases(verbosity=0, interactive=False)
    try:
        with tempfile.TemporaryDirectory() as directory:
            for kind in given.kinds or FILES:
                measure(kind, Path(directory), given.rows)
    finally:
        teardown_databases(databases, verbosity=0)


if __name__ == "__main__":
    main()
