"""Every document of the specification, unchanged, on the company of ``newcomer``."""

from pathlib import Path
from typing import Any

import pytest

from crm.actors import Actor
from leads.models import Lead
from tests.clients import data
from tests.newcomer import newcomer

DOCUMENTS = {
    path.stem[:2]: path.read_text() for path in Path(__file__).parent.glob("specification/*.graphql")
}
REPEATED = [pytest.param(number, id=number) for number in ("02", "04", "05", "07", "08", "09", "11", "12")]

pytestmark = pytest.mark.django_db(transaction=True, reset_sequences=True)


@pytest.fixture
def actor(transactional_db: None) -> Actor:
    return newcomer()


def test_documents_are_thirteen() -> None:
    assert len(DOCUMENTS) == 13


def test_list_people(actor: Actor) -> None:
    data(DOCUMENTS["02"], actor=actor)

    answer = data(DOCUMENTS["01"], actor=actor)["peoples"]

    assert answer["paginatorInfo"] == {"total": 2, "hasMorePages": False}
    jane, john = answer["data"]
    assert jane["name"] == "Jane Doe"
    assert jane["contacts"] == [
        {"type": {"name": "Email"}, "value": "jane@example.com"},
        {"type": {"name": "Email"}, "value": "+1-555-0100"},
    ]
    assert john["email"] == "john@example.com"
    assert (jane["organizations"], jane["tags"], jane["custom_fields"]) == ([], [], [])


def test_create_people(actor: Actor) -> None:
    answer = data(DOCUMENTS["02"], actor=actor)["createPeople"]

    assert (answer["name"], answer["email"]) == ("Jane Doe", "jane@example.com")
    stored = data(
        "{ people(id: 2) { uuid address { address city state zip country is_default } } }", actor=actor
    )
    assert stored["people"] == {
        "uuid": answer["uuid"],
        "address": [
            {
                "address": "123 Main St",
                "city": "New York",
                "state": "NY",
                "zip": "10001",
                "country": "US",
                "is_default": True,
            }
        ],
    }


def test_people_by_email(actor: Actor) -> None:
    data(DOCUMENTS["02"], actor=actor)

    answer = data(DOCUMENTS["03"], actor=actor)

    assert answer == {"peoples": {"data": [{"id": "2", "name": "Jane Doe", "email": "jane@example.com"}]}}


def test_create_organization(actor: Actor) -> None:
    answer = data(DOCUMENTS["04"], actor=actor)["createOrganization"]

    assert (answer["id"], answer["name"]) == ("2", "Acme Corp")
    stored = data("{ organization(id: 2) { uuid address } }", actor=actor)["organization"]
    assert stored == {"uuid": answer["uuid"], "address": "456 Business Ave"}


def test_add_people_to_organization(actor: Actor) -> None:
    assert data(DOCUMENTS["05"], actor=actor) == {"addPeopleToOrganization": {"id": "1"}}

    stored = data("{ people(id: 1) { organizations { name } } }", actor=actor)
    assert stored == {"people": {"organizations": [{"name": "Initech"}]}}


def test_list_leads(actor: Actor) -> None:
    data(DOCUMENTS["07"], actor=actor)

    answer = data(DOCUMENTS["06"], actor=actor)["leads"]

    assert answer["paginatorInfo"] == {"total": 2, "currentPage": 1, "lastPage": 1}
    newest: dict[str, Any] = answer["data"][0]
    assert newest.pop("uuid") == str(Lead.objects.get(pk=2).uuid)
    assert newest.pop("created_at").endswith("+00:00")
    assert newest == {
        "id": "2",
        "title": "Enterprise deal",
        "description": "Potential enterprise contract",
        "people": {"name": "John Roe", "email": "john@example.com"},
        "organization": {"name": "Initech"},
        "owner": {"displayname": "demo"},
        "status": {"name": "Open"},
        "source": {"name": "Website"},
        "pipeline": {"name": "Default pipeline"},
        "stage": {"name": "New"},
        "tags": [],
        "custom_fields": [{"name": "deal_value", "value": "50000"}],
    }


def test_create_lead(actor: Actor) -> None:
    answer = data(DOCUMENTS["07"], actor=actor)["createLead"]

    assert answer == {
        "id": "2",
        "uuid": str(Lead.objects.get(pk=2).uuid),
        "title": "Enterprise deal",
        "status": {"name": "Open"},
        "stage": {"name": "New"},
    }


def test_move_lead(actor: Actor) -> None:
    answer = data(DOCUMENTS["08"], actor=actor)

    assert answer == {"updateLead": {"id": "1", "title": "First deal", "stage": {"name": "Proposal"}}}


def test_win_lead(actor: Actor) -> None:
    assert data(DOCUMENTS["09"], actor=actor) == {"leadWonOrLost": {"id": "1", "status": {"name": "Won"}}}
    assert Lead.objects.get(pk=1).closed_at is not None


def test_list_pipelines(actor: Actor) -> None:
    answer = data(DOCUMENTS["10"], actor=actor)

    stages = [
        ("1", "New", 1, 7),
        ("2", "Contacted", 2, 14),
        ("3", "Proposal", 3, 21),
        ("4", "Negotiation", 4, 14),
    ]
    assert answer["pipelines"]["data"] == [
        {
            "id": "1",
            "name": "Default pipeline",
            "is_default": True,
            "stage_count": 4,
            "lead_count": 1,
            "stages": [
                {"id": key, "name": name, "weight": weight, "rotting_days": days}
                for key, name, weight, days in stages
            ],
        }
    ]


def test_create_pipeline(actor: Actor) -> None:
    assert data(DOCUMENTS["11"], actor=actor) == {"createPipeline": {"id": "2", "name": "Sales Pipeline"}}


def test_create_pipeline_stage(actor: Actor) -> None:
    assert data(DOCUMENTS["12"], actor=actor) == {"createPipelineStage": {"id": "5", "name": "Qualified"}}

    stages = data("{ pipeline(id: 1) { stages { name rotting_days weight } } }", actor=actor)["pipeline"]
    assert {"name": "Qualified", "rotting_days": 14, "weight": 2} in stages["stages"]


@pytest.mark.parametrize("number", REPEATED)
def test_every_mutation_runs_again_on_the_same_data(actor: Actor, number: str) -> None:
    data(DOCUMENTS[number], actor=actor)

    data(DOCUMENTS[number], actor=actor)
