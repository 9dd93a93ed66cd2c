"""register_documents: files of documents and manifests, all or nothing; the list, and removal."""

import hashlib
import json

import pytest

from crm.models import RegisteredDocument
from tests.commands.running import run

pytestmark = pytest.mark.django_db

ME = "query Me {\n  me { displayname }\n}\n"
LEADS = "query Leads { leads { data { id } } }"


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def written(directory, name: str, content) -> str:
    path = directory / name
    path.write_text(content if isinstance(content, str) else json.dumps(content, indent=2))
    return str(path)


def apollo(*texts: str, **changes):
    operations = [{"id": digest(text), "name": "N", "type": "query", "body": text} for text in texts]
    return {
        "format": "apollo-persisted-query-manifest",
        "version": 1,
        "operations": operations,
    } | changes


def stored() -> list[tuple[object, ...]]:
    return list(RegisteredDocument.objects.order_by("pk").values_list("company", "hash", "name", "text"))


def test_document_is_registered_for_all_companies_as_it_stands(tmp_path):
    path = written(tmp_path, "me.graphql", ME)

    first, second = (run("register_documents", path) for _ in range(2))

    assert (first.code, first.errors) == (0, [])
    assert first.lines == ["Registered 1 documents for all companies; 0 were there already."]
    assert second.lines == ["Registered 0 documents for all companies; 1 were there already."]
    assert stored() == [(None, digest(ME), "Me", ME)]


def test_line_ends_are_part_of_the_text(tmp_path):
    path = tmp_path / "me.graphql"
    path.write_bytes(ME.replace("\n", "\r\n").encode())

    assert run("register_documents", str(path)).code == 0
    assert RegisteredDocument.objects.get().hash == hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize(
    "manifest",
    [
        apollo(ME, LEADS),
        {digest(ME): ME, digest(LEADS): LEADS},
        {f"sha256:{digest(ME)}": ME, digest(LEADS).upper(): LEADS},
    ],
    ids=["apollo", "relay", "spelled otherwise"],
)
def test_manifest_is_registered_for_one_company(tmp_path, tenant, manifest):
    path = written(tmp_path, "manifest.json", manifest)

    ended = run("register_documents", path, "--company", str(tenant.company.pk))

    assert ended.lines == ["Registered 2 documents for Tenant; 0 were there already."]
    assert sorted(stored()) == sorted(
        [(tenant.company.pk, digest(ME), "Me", ME), (tenant.company.pk, digest(LEADS), "Leads", LEADS)]
    )


def test_bad_documents_are_told_by_file_and_line_and_nothing_is_registered(tmp_path):
    good = written(tmp_path, "good.graphql", ME)
    unknown = written(tmp_path, "unknown.graphql", "query A {\n  me {\n    nothing\n  }\n}\n")
    broken = written(tmp_path, "broken.graphql", "{ me")
    long = written(tmp_path, "long.graphql", "{ me { id } } #" + "x" * 100_000)
    fragment = written(tmp_path, "fragment.graphql", "fragment A on User { id }")
    wrong = digest(LEADS)
    manifest = written(tmp_path, "manifest.json", apollo(LEADS, "{ unknown }") | {"name": "x"})
    relay = written(tmp_path, "relay.json", {"0" * 32: ME})

    ended = run("register_documents", good, unknown, broken, long, fragment, manifest, relay)

    assert (ended.code, ended.lines, stored()) == (3, [], [])
    assert ended.errors[-1] == "Nothing was registered: 6 of 8 documents cannot be registered."
    places = [line.partition(": ")[0] for line in ended.errors[:-1]]
    assert places[:4] == [f"{unknown}:3", f"{broken}:1", f"{long}:1", f"{fragment}:1"]
    lines = (tmp_path / "manifest.json").read_text().splitlines()
    assert (
        places[4]
        == f"{manifest}:{1 + next(n for n, line in enumerate(lines) if digest('{ unknown }') in line)}"
    )
    assert ended.errors[-2] == f"{relay}:2: {'0' * 32} is not the SHA-256 of its text."
    assert wrong not in "".join(ended.errors)


@pytest.mark.parametrize(
    "content",
    [
        "{",
        "[]",
        '{"a": 1}',
        {"format": "other", "version": 1},
        apollo(version=2),
        apollo(operations={}),
        apollo(operations=[{"id": "a"}]),
        apollo(operations=["a"]),
    ],
)
def test_what_is_no_manifest_is_refused(tmp_path, content):
    path = written(tmp_path, "manifest.json", content)

    ended = run("register_documents", path)

    assert (ended.code, ended.lines, stored()) == (1, [], [])
    assert ended.errors[-1].startswith(f"{path} is no manifest of Apollo or Relay: ")


def test_file_that_cannot_be_read_is_refused(tmp_path):
    (tmp_path / "latin.graphql").write_bytes(b"{ me { id } } # \xe9")

    missing = run("register_documents", str(tmp_path / "none.graphql"))
    latin = run("register_documents", str(tmp_path / "latin.graphql"))

    assert missing.errors == [f"Cannot read {tmp_path}/none.graphql: No such file or directory."]
    assert latin.errors == [f"Cannot read {tmp_path}/latin.graphql: it is not UTF-8."]
    assert (missing.code, latin.code) == (1, 1)


@pytest.mark.parametrize("arguments", [[], ["a.graphql", "--list"], ["a.graphql", "--remove", "b"]])
def test_wrong_usage(arguments):
    ended = run("register_documents", *arguments)

    assert (ended.code, ended.errors) == (2, ["Give files, or --list, or --remove."])


def test_documents_are_listed_and_removed(tmp_path, tenant):
    company = ["--company", str(tenant.company.pk)]
    run("register_documents", written(tmp_path, "me.graphql", ME), *company)
    run("register_documents", written(tmp_path, "manifest.json", apollo(ME, LEADS)))

    assert run("register_documents", "--list").lines == [f"{digest(LEADS)} Leads", f"{digest(ME)} Me"]
    assert run("register_documents", "--list", *company).lines == [f"{digest(ME)} Me"]
    unknown = run("register_documents", *company, "--remove", digest(ME), digest(LEADS))
    assert (unknown.code, unknown.errors) == (
        1,
        [f"Nothing was removed; not registered: {digest(LEADS)}."],
    )
    assert len(stored()) == 3
    assert run("register_documents", *company, "--remove", digest(ME)).lines == ["Removed 1 documents."]
    assert run("register_documents", "--list", *company).lines == []
    assert len(stored()) == 2


def test_unknown_company_is_refused(tmp_path):
    ended = run("register_documents", written(tmp_path, "me.graphql", ME), "--company", "999999")

    assert (ended.code, ended.errors, stored()) == (1, ["There is no company 999999."], [])
