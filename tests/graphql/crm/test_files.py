"""Files of people, organizations and leads through the API."""

import pytest
from django.core.files.storage import default_storage
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm.models import Filesystem
from crm.models.companies import LeadVisibility
from crm.services.files import store_file
from leads.models.lead import LeadFile
from leads.services.leads import create_lead
from people.models.person import PersonFile
from tests.clients import ask, data, refusal
from tests.factories.crm import FilesystemFactory
from tests.factories.leads import LeadFactory
from tests.factories.people import OrganizationFactory, PersonFactory
from tests.file_samples import PDF, upload

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]

KINDS = {"LEAD": LeadFactory, "PEOPLE": PersonFactory, "ORGANIZATION": OrganizationFactory}
NAMES = {"LEAD": "Lead", "PEOPLE": "People", "ORGANIZATION": "Organization"}
INPUTS = {"LEAD": "LeadUpdateInput", "PEOPLE": "PeopleInput", "ORGANIZATION": "OrganizationInput"}
FILE = "uuid name url type size field_name attributes"


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


@pytest.fixture
def record(kind, company):
    return KINDS[kind](company=company)


def attach(kind, record, files, actor, **more):
    """Run attachFilesTo... and return the whole response."""
    name = NAMES[kind]
    query = (
        f"mutation ($id: ID!, $files: [Upload!]!, $params: Mixed) {{ answer: attachFilesTo{name}"
        f"(id: $id, files: $files, params: $params) {{ id files {{ {FILE} }} }} }}"
    )
    return ask(query, actor=actor, variables={"id": str(record.pk), "files": files, **more})


def update(kind, record, files, actor, ask_=data):
    query = (
        f"mutation ($id: ID!, $input: {INPUTS[kind]}!)"
        f" {{ update{NAMES[kind]}(id: $id, input: $input) {{ files {{ {FILE} }} }} }}"
    )
    return ask_(query, actor=actor, variables={"id": str(record.pk), "input": {"files": files}})


def listed(kind, record, actor, arguments=""):
    query = (
        f"{{ entityFiles(entity_type: {kind}, entity_id: {record.pk} {arguments})"
        " { data { name field_name } paginatorInfo { total } } }"
    )
    return data(query, actor=actor)["entityFiles"]


def attach_one(kind, record, file, actor, field_name=None):
    query = "mutation ($input: FilesystemAttachInput!) { attachFile(input: $input) }"
    values = {"filesystem_uuid": str(file), "entity_type": kind, "entity_id": str(record.pk)}
    values |= {"field_name": field_name} if field_name else {}
    return ask(query, actor=actor, variables={"input": values})


def detach(file, actor, kind=None, record=None):
    place = f", entity_type: {kind}, entity_id: {record.pk}" if kind else ""
    return ask(f'mutation {{ deAttachFile(uuid: "{file}"{place}) }}', actor=actor)


def test_several_files_are_attached_to_a_record(actors, kind, record):
    answer = attach(kind, record, [upload("a.pdf"), upload("b.pdf")], actors.agent, params={"by": "scan"})

    files = answer["data"]["answer"]["files"]
    stored = Filesystem.objects.order_by("pk")
    assert files == [
        {
            "uuid": str(row.uuid),
            "name": row.name,
            "url": f"/files/{row.uuid}",
            "type": "application/pdf",
            "size": float(len(PDF)),
            "field_name": None,
            "attributes": {"by": "scan"},
        }
        for row in stored
    ]
    assert [row.name for row in stored] == ["a.pdf", "b.pdf"]
    record.refresh_from_db()
    assert record.version == 2
    assert record.history.latest("pk").changes == {"files": [[], ["a.pdf", "b.pdf"]]}


def test_a_file_replaces_the_one_with_the_same_field_name(actors, kind, record):
    query = (
        f"mutation ($id: ID!, $file: Upload!, $params: Mixed) {{ attachFileTo{NAMES[kind]}"
        "(id: $id, file: $file, params: $params) { files { name field_name } } }"
    )

    answer = {}
    for name in ("a.pdf", "b.pdf"):
        variables = {"id": str(record.uuid), "file": upload(name), "params": {"field_name": "contract"}}
        answer = data(query, actor=actors.agent, variables=variables)
    data(query, actor=actors.agent, variables={"id": str(record.pk), "file": upload("c.pdf")})

    assert list(answer.values()) == [{"files": [{"name": "b.pdf", "field_name": "contract"}]}]
    assert [row["name"] for row in listed(kind, record, actors.viewer)["data"]] == ["b.pdf", "c.pdf"]


def test_both_names_of_the_argument_work_for_a_lead(actors, company):
    lead = LeadFactory(company=company)
    query = (
        "mutation ($id: ID!, $file: [Upload!], $files: [Upload!])"
        " { attachFilesToLead(id: $id, file: $file, files: $files) { files { name } } }"
    )
    variables = {"id": str(lead.pk), "file": [upload("a.pdf")], "files": [upload("b.pdf")]}

    answer = data(query, actor=actors.agent, variables=variables)
    nothing = refusal(query, actor=actors.agent, variables={"id": str(lead.pk)})
    bad = refusal(query, actor=actors.agent, variables={"id": str(lead.pk), "file": [upload("a.exe")]})

    assert answer == {"attachFilesToLead": {"files": [{"name": "a.pdf"}, {"name": "b.pdf"}]}}
    assert list(nothing["extensions"]["validation"]) == ["files"]
    assert list(bad["extensions"]["validation"]) == ["file.0"]


def test_one_refused_file_leaves_none(actors, kind, record):
    before = set(stored_names(actors.agent))

    answer = attach(kind, record, [upload("a.pdf"), upload("b.exe")], actors.agent)

    [error] = answer["errors"]
    assert error["extensions"]["code"] == "VALIDATION"
    assert list(error["extensions"]["validation"]) == ["files.1"]
    record.refresh_from_db()
    assert (record.version, Filesystem.objects.count()) == (1, 0)
    assert set(stored_names(actors.agent)) == before


def stored_names(actor):
    directory = f"files/{actor.company_id}"
    return default_storage.listdir(directory)[1] if default_storage.exists(directory) else []


@pytest.mark.parametrize("params", ["text", ["list"], 1, {"field_name": 7}, {"field_name": "a" * 101}])
def test_parameters_of_another_kind_are_refused(actors, company, params):
    answer = attach("LEAD", LeadFactory(company=company), [upload("a.pdf")], actors.agent, params=params)

    assert answer["errors"][0]["extensions"]["code"] == "VALIDATION"
    assert not Filesystem.objects.exists()


def test_unknown_records_get_no_files(actors, kind, record, other_company):
    foreign = KINDS[kind](company=other_company)

    answer = attach(kind, foreign, [upload("a.pdf")], actors.agent)

    assert answer["errors"][0]["extensions"] == {"code": "NOT_FOUND", "argument": "id"}
    assert not Filesystem.objects.exists()


def test_an_upload_is_attached_later_and_only_by_its_owner(actors, kind, record):
    answer = data(
        f"mutation ($file: Upload!) {{ upload(file: $file) {{ id {FILE} created_at }} }}",
        actor=actors.agent,
        variables={"file": upload("a.pdf")},
    )["upload"]

    of_another = attach_one(kind, record, answer["uuid"], actors.colleague)
    own = attach_one(kind, record, answer["uuid"], actors.agent, "contract")
    again = attach_one(kind, record, answer["uuid"], actors.agent, "contract")
    now_of_another = attach_one(kind, record, answer["id"], actors.colleague, "copy")

    assert of_another["errors"][0]["extensions"] == {
        "code": "NOT_FOUND",
        "argument": "input.filesystem_uuid",
    }
    assert own == again == now_of_another == {"data": {"attachFile": answer["uuid"]}}
    rows = listed(kind, record, actors.viewer)["data"]
    assert [(row["name"], row["field_name"]) for row in rows] == [("a.pdf", "contract"), ("a.pdf", "copy")]
    record.refresh_from_db()
    assert record.version == 3


def test_several_files_are_stored_or_none(actors):
    query = "mutation ($files: [Upload!]!) { multiUpload(files: $files) { name } }"

    kept = data(query, actor=actors.agent, variables={"files": [upload("a.pdf"), upload("b.pdf")]})
    error = refusal(query, actor=actors.agent, variables={"files": [upload("c.pdf"), upload("d.exe")]})

    assert kept == {"multiUpload": [{"name": "a.pdf"}, {"name": "b.pdf"}]}
    assert list(error["extensions"]["validation"]) == ["files.1"]
    assert list(Filesystem.objects.values_list("name", flat=True)) == ["a.pdf", "b.pdf"]


def test_a_refused_upload_is_named_by_its_argument(actors):
    query = "mutation ($file: Upload!) { upload(file: $file) { name } }"

    error = refusal(query, actor=actors.agent, variables={"file": upload("d.exe")})

    assert list(error["extensions"]["validation"]) == ["file"]


def test_files_of_an_input_are_added(actors, kind, record):
    added = [
        {"url": "https://files.example.com/a/offer%20one.pdf", "attributes": {"a": [1]}},
        {"url": "http://files.example.com", "name": "Site", "field_name": "site"},
        {"file": upload("scan.pdf"), "name": "Contract"},
    ]

    [answer] = update(kind, record, added, actors.agent).values()
    update(kind, record, [], actors.agent)
    update(kind, record, None, actors.agent)
    [again] = update(
        kind, record, [{"url": "https://b.example/x", "field_name": "site"}], actors.agent
    ).values()

    assert [(file["name"], file["url"], file["type"], file["size"]) for file in answer["files"][:2]] == [
        ("offer one.pdf", "https://files.example.com/a/offer%20one.pdf", None, 0),
        ("Site", "http://files.example.com", None, 0),
    ]
    assert answer["files"][2]["name"] == "Contract.pdf"
    assert [file["name"] for file in again["files"]] == ["offer one.pdf", "Contract.pdf", "x"]
    record.refresh_from_db()
    assert record.version == 3


BAD = {
    "files.0": [{}, {"name": "a"}, {"url": "https://a.example/b", "file": upload("a.pdf")}],
    "files.0.url": [
        {"url": "javascript:alert(1)"},
        {"url": "ftp://a.example/b"},
        {"url": "no address"},
        {"url": "https://a.example/" + "b" * 2048},
        {"url": "https://[a"},
    ],
    "files.0.file": [{"file": upload("a.exe")}],
    "files.0.field_name": [{"url": "https://a.example/b", "field_name": "a" * 101}],
}


@pytest.mark.parametrize(("path", "values"), [(path, each) for path in BAD for each in BAD[path]])
def test_bad_file_of_an_input_is_named(actors, kind, record, path, values):
    error = update(kind, record, [values], actors.agent, refusal)

    assert error["extensions"]["code"] == "VALIDATION"
    assert list(error["extensions"]["validation"]) == [f"input.{path}"]
    assert not Filesystem.objects.exists()


def test_new_records_have_their_files(actors):
    nested = {
        "title": "Deal",
        "files": [{"file": upload("lead.pdf")}],
        "people": {"firstname": "Jane", "files": [{"file": upload("person.pdf")}]},
        "organization": {"name": "Acme", "files": [{"url": "https://a.example/acme.pdf"}]},
    }
    query = (
        "mutation ($input: LeadInput!) { createLead(input: $input)"
        " { files { name } people { files { name } } organization { files { name } } } }"
    )

    answer = data(query, actor=actors.agent, variables={"input": nested})["createLead"]

    assert answer == {
        "files": [{"name": "lead.pdf"}],
        "people": {"files": [{"name": "person.pdf"}]},
        "organization": {"files": [{"name": "acme.pdf"}]},
    }


def test_import_takes_no_files_but_addresses(actors):
    query = "mutation ($input: [PeopleInput!]!) { importPeoples(input: $input) }"
    sent = [{"firstname": "Jane", "files": [{"file": upload("a.pdf")}]}]
    named = [{"firstname": "Jane", "files": [{"url": "https://a.example/b.pdf"}]}]

    error = refusal(query, actor=actors.manager, variables={"input": sent})
    data(query, actor=actors.manager, variables={"input": named})

    assert list(error["extensions"]["validation"]) == ["input"]
    assert [link.file.url for link in PersonFile.objects.all()] == ["https://a.example/b.pdf"]


def test_files_of_a_refused_lead_are_removed(actors, company):
    lead = LeadFactory(company=company)
    query = (
        "mutation ($id: ID!, $input: LeadUpdateInput!)"
        " { updateLead(id: $id, input: $input, expected_version: 9) { id } }"
    )
    variables = {"id": str(lead.pk), "input": {"files": [{"file": upload("a.pdf")}]}}
    before = set(stored_names(actors.agent))

    error = refusal(query, actor=actors.agent, variables=variables)

    assert error["extensions"] == {"code": "CONFLICT", "reason": "VERSION", "current_version": 1}
    assert (set(stored_names(actors.agent)), Filesystem.objects.count()) == (before, 0)


def test_file_is_detached_from_one_record_or_all(actors, company):
    records = {kind: factory(company=company) for kind, factory in KINDS.items()}
    file = store_file(upload("a.pdf"), actor=actors.agent)
    for kind, record in records.items():
        attach_one(kind, record, file.uuid, actors.agent)

    assert detach(file.uuid, actors.agent, "LEAD", records["LEAD"]) == {"data": {"deAttachFile": True}}
    assert detach(file.uuid, actors.agent, "LEAD", records["LEAD"]) == {"data": {"deAttachFile": False}}
    assert [
        listed(kind, record, actors.agent)["paginatorInfo"]["total"] for kind, record in records.items()
    ] == [
        0,
        1,
        1,
    ]
    assert detach(file.uuid, actors.colleague) == {"data": {"deAttachFile": True}}

    assert [listed(kind, record, actors.agent)["data"] for kind, record in records.items()] == [[], [], []]
    records["PEOPLE"].refresh_from_db()
    assert records["PEOPLE"].version == 3
    assert records["PEOPLE"].history.latest("pk").changes == {"files": [["a.pdf"], []]}


def test_several_files_are_detached_or_none(actors, company):
    lead = LeadFactory(company=company)
    rows = [store_file(upload(name), actor=actors.agent) for name in ("a.pdf", "b.pdf", "c.pdf")]
    for row in rows:
        attach_one("LEAD", lead, row.uuid, actors.agent)
    query = "mutation ($uuids: [String!]!) { deAttachFiles(uuids: $uuids) }"

    missing = refusal(query, actor=actors.agent, variables={"uuids": [str(rows[0].uuid), "4711"]})
    assert listed("LEAD", lead, actors.agent)["paginatorInfo"]["total"] == 3
    done = data(query, actor=actors.agent, variables={"uuids": [str(row.uuid) for row in rows[:2]]})

    assert missing["extensions"] == {"code": "NOT_FOUND", "argument": "uuids.1"}
    assert done == {"deAttachFiles": True}
    assert [row["name"] for row in listed("LEAD", lead, actors.agent)["data"]] == ["c.pdf"]


def test_half_a_record_key_is_refused(actors, company):
    file = FilesystemFactory(company=company)
    lead = LeadFactory(company=company)
    LeadFile(company=company, file=file, lead=lead).save()

    error = refusal(
        f'mutation {{ deAttachFile(uuid: "{file.uuid}", entity_type: LEAD) }}', actor=actors.agent
    )

    assert error["extensions"]["code"] == "VALIDATION"
    assert LeadFile.objects.count() == 1


def test_files_of_a_hidden_lead_are_not_found(tenant, actors):
    tenant.company.lead_visibility = LeadVisibility.OWN
    tenant.company.save()
    actors = tenant_actors(tenant)
    lead = create_lead(
        {"title": "Deal", "files": [{"file": upload("a.pdf")}], "leads_owner_id": tenant.users["agent"].pk},
        actor=actors["agent"],
    )
    file = lead.file_links.get().file
    own = LeadFactory(company=tenant.company, owner=tenant.users["colleague"])

    attached = attach_one("LEAD", own, file.uuid, actors["colleague"])
    detached = detach(file.uuid, actors["colleague"])
    seen = ask(
        f"{{ entityFiles(entity_type: LEAD, entity_id: {lead.pk}) {{ data {{ id }} }} }}",
        actor=actors["colleague"],
    )

    assert attached["errors"][0]["extensions"]["argument"] == "input.filesystem_uuid"
    assert detached["errors"][0]["extensions"] == {"code": "NOT_FOUND", "argument": "uuid"}
    assert seen["errors"][0]["extensions"] == {"code": "NOT_FOUND", "argument": "entity_id"}
    assert attach_one("LEAD", own, file.uuid, actors["manager"])["data"]["attachFile"] == str(file.uuid)
    # Seen by way of the own lead now; the link to the hidden one stays.
    assert detach(file.uuid, actors["colleague"]) == {"data": {"deAttachFile": True}}
    assert LeadFile.objects.get().lead_id == lead.pk


def tenant_actors(tenant):
    from crm.actors import Door
    from crm.authentication import actor_for

    return {name: actor_for(user, tenant.company, door=Door.GRAPHQL) for name, user in tenant.users.items()}


def test_change_of_files_reaches_subscribers(tenant, actors, django_capture_on_commit_callbacks):
    from leads.signals import lead_changed

    lead = LeadFactory(company=tenant.company)
    events = []

    def listen(*, event, **_):
        events.append((event.kind, event.object_id))

    lead_changed.connect(listen, dispatch_uid="files")
    try:
        with django_capture_on_commit_callbacks(execute=True):
            attach("LEAD", lead, [upload("a.pdf")], actors.agent)
            file = lead.file_links.get().file
            detach(file.uuid, actors.agent)
            detach(file.uuid, actors.agent)
    finally:
        lead_changed.disconnect(dispatch_uid="files")

    assert events == [("updated", lead.pk)] * 2


def test_list_is_narrowed_ordered_and_paged(actors, company, kind, record):
    for name, field_name in (("b.pdf", "x"), ("a.pdf", None), ("c.csv", "y")):
        content = {"a.pdf": PDF, "b.pdf": PDF, "c.csv": b"a,b\n"}[name]
        attach(kind, record, [upload(name, content)], actors.agent, params={"field_name": field_name})
    by_name = "orderBy: [{column: NAME, order: DESC}]"

    def names(arguments):
        return [row["name"] for row in listed(kind, record, actors.viewer, arguments)["data"]]

    assert names(by_name) == ["c.csv", "b.pdf", "a.pdf"]
    assert names("orderBy: [{column: ID, order: DESC}]") == ["c.csv", "a.pdf", "b.pdf"]
    assert names('where: {column: TYPE, value: "text/csv"}') == ["c.csv"]
    assert names('where: {column: FIELD_NAME, value: "x"}') == ["b.pdf"]
    assert names('where: {column: NAME, operator: LIKE, value: "A%"}') == ["a.pdf"]
    assert names(f"first: 1, page: 2 {by_name}") == ["b.pdf"]


def test_list_takes_as_many_statements_for_one_file_as_for_many(actors, company, kind, record):
    query = f"{{ entityFiles(entity_type: {kind}, entity_id: {record.pk}) {{ data {{ id {FILE} }} }} }}"
    taken = []
    for count in (1, 9):
        for index in range(count):
            attach(kind, record, [upload(f"{count}-{index}.pdf")], actors.agent)
        with CaptureQueriesContext(connection) as captured:
            data(query, actor=actors.viewer)
        taken.append(len(captured))

    assert taken == [2, 2]
