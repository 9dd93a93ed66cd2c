"""The number of statements of each list, which is the same for one row and for many."""

from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm.actors import Actor
from tests.clients import data
from tests.graphql.lists.world import add_records

pytestmark = pytest.mark.django_db

SPECIFICATION = Path(__file__).parents[2] / "specification"

TAG = "id name slug weight is_feature created_at updated_at"
USER = "id uuid firstname lastname displayname email is_active timezone role created_at updated_at"
COMPANY = "id uuid name lead_visibility my_role region timezone currency created_at"
FILE = "id uuid name url type size field_name attributes created_at"
CUSTOM = "name value"
ORGANIZATION = (
    f"id uuid company {{ {COMPANY} }} user {{ {USER} }} name email address city state zip country"
    f" tags {{ {TAG} }} files {{ {FILE} }} custom_fields {{ {CUSTOM} }} people_count version"
    " created_at updated_at"
)
CONTACT_TYPE = f"id company {{ {COMPANY} }} name created_at"
PEOPLE = (
    f"id uuid company {{ {COMPANY} }} user {{ {USER} }} name firstname middlename lastname email dob"
    f" contacts {{ id type {{ {CONTACT_TYPE} }} people {{ id name }} value weight }}"
    " employment_history { id position income status start_date people { id } organization { id name } }"
    f" address {{ id people {{ id }} address city is_default }} organizations {{ {ORGANIZATION} }}"
    f" tags {{ {TAG} }} files {{ {FILE} }} custom_fields {{ {CUSTOM} }} version created_at updated_at"
)
STAGE = (
    "id name description rotting_days probability weight lead_count open_amount { currency amount }"
    " pipeline { id lead_count }"
)
PIPELINE = (
    f"id company {{ {COMPANY} }} name slug description weight is_default stage_count lead_count"
    f" stages {{ {STAGE} }} created_at updated_at"
)
TYPE = f"id uuid company {{ {COMPANY} }} name description is_active created_at updated_at"
SOURCE = f"id uuid company {{ id }} name is_active type {{ {TYPE} }} leadType {{ id name }}"
RECEIVER = (
    f"id uuid company {{ id }} user {{ {USER} }} agent {{ {USER} }} name source_name is_default is_active"
    f" source {{ {SOURCE} }} leadSource {{ id }} type {{ {TYPE} }} leadType {{ name }} total_leads"
    " rotation { id name agents { id } } leadRotation { id name }"
    " template verification honeypot window_minutes rate_limit url"
)
ROTATION = (
    f"id company {{ id }} name leads_rotations_email hits created_at updated_at"
    f" agents {{ id user {{ {USER} }} phone percent hits }}"
)
ACTIVITY = (
    "id uuid version kind subject text priority direction outcome minutes starts_at due_at remind_at"
    f" recurrence previous_id done_at done_by {{ {USER} }} user {{ {USER} }} assignee {{ {USER} }} door"
    f" entity_namespace entity_id participants {{ {USER} }} people_participants {{ id name }}"
    " record { lead { id title } people { id name } organization { id name } } created_at updated_at"
)
STATUS = "id name category is_default weight"
ROUTING_LOG_ROW = f"id outcome detail payload user {{ {USER} }} rotation {{ {ROTATION} }}"
LEAD = (
    f"id uuid company {{ {COMPANY} }} user {{ {USER} }} title firstname lastname email phone description"
    f" reason_lost people {{ {PEOPLE} }} organization {{ {ORGANIZATION} }} owner {{ {USER} }}"
    f" receiver {{ {RECEIVER} }} status {{ {STATUS} }} type {{ {TYPE} }} source {{ {SOURCE} }}"
    f" pipeline {{ {PIPELINE} }} stage {{ {STAGE} }} participants {{ {USER} }} followers {{ {USER} }}"
    f" channels {{ id uuid name slug description entity_namespace entity_id users {{ {USER} }} }}"
    f" tags {{ {TAG} }} files {{ {FILE} }} custom_fields {{ {CUSTOM} }} stage_changed_at closed_at"
    f" routing_log {{ {ROUTING_LOG_ROW} }} lost_reason {{ id name }} days_in_stage rotting_reason"
    f" stage_history {{ stage_name seconds days stage {{ id }} user {{ {USER} }} }}"
    " people_participants { people { id name } relationship { id name } } duplicates { id title }"
    f" activities {{ id kind text assignee {{ {USER} }} user {{ {USER} }} }} last_activity last_activity_at"
    f" latest_activity {{ id kind user {{ {USER} }} }} next_activity {{ id kind assignee {{ {USER} }} }}"
    " amount currency expected_close_on probability"
    " is_rotting version created_at updated_at"
)
ATTEMPT = (
    "id uuid status payload errors count idempotency_key last_seen_at replayed_at created_at updated_at"
    f" replayed_by {{ {USER} }} receiver {{ {RECEIVER} }} lead {{ id title owner {{ {USER} }} }}"
)
MESSAGE = (
    f"id uuid channel_id parent_id user {{ {USER} }} message message_verb is_system slug files {{ {FILE} }}"
    " created_at updated_at"
)
CHANNEL = (
    "id uuid name slug description entity_namespace entity_id last_message_id"
    f" messages {{ {MESSAGE} }} users {{ {USER} }} created_at"
)
MERGE = (
    f"id uuid model winner_id losers_id user {{ {USER} }} door created_at undone_at undone_by {{ {USER} }}"
)
IMPORT = (
    "id uuid model status dry_run filename total processed created updated skipped failed error created_at"
    f" finished_at user {{ {USER} }} errors {{ row field code message }}"
)
ROUTING_LOG = (
    f"id lead {{ id title owner {{ {USER} }} }} receiver {{ {RECEIVER} }} rotation {{ {ROTATION} }}"
    f" user {{ {USER} }} outcome detail payload error door created_at"
)
EVERYTHING = {
    "absences": f"id starts_at ends_at reason user {{ {USER} }} created_at",
    "agents": (
        f"id name member_id capacity role total_leads status {{ id name }} user {{ {USER} }}"
        f" company {{ {COMPANY} }} created_at updated_at"
    ),
    "leadRoutingLogs": ROUTING_LOG,
    "leadsRotations": ROTATION,
    "channelMessages": MESSAGE,
    "companies": f"{COMPANY} total_users default_owner {{ {USER} }} website region updated_at",
    "contactType": CONTACT_TYPE,
    "customFieldDefinitions": "id model name label kind choices required weight created_at updated_at",
    "importMappings": "id model name mapping encoding reading split_phones created_at updated_at",
    "imports": IMPORT,
    "leadLostReasons": "id name is_active weight",
    "leadReceivers": RECEIVER,
    "leadSources": SOURCE,
    "leadStatuses": STATUS,
    "leadTypes": TYPE,
    "leads": LEAD,
    "members": f"id user {{ {USER} default_company companies {{ {COMPANY} }} }} role is_active capacity",
    "merges": MERGE,
    "notifications": (
        f"id kind text entity_namespace entity_id created_at read_at mailed_at by {{ {USER} }}"
        f" activity {{ id kind text assignee {{ {USER} }} }}"
    ),
    "organizations": ORGANIZATION,
    "peopleRelationships": f"id name description company {{ {COMPANY} }}",
    "peoples": PEOPLE,
    "pipelines": PIPELINE,
    "receiverAttempts": ATTEMPT,
    "socialChannels": CHANNEL,
    "tags": TAG,
    "tasks": ACTIVITY,
    "users": USER,
}
#: Lists that are not for everybody.
OF_MANAGERS = {"importMappings", "leadRoutingLogs", "receiverAttempts"}
#: Clusters of records, whose statements are counted in tests/graphql/people/test_duplicates.py.
CLUSTERS = {"organizationDuplicates", "peopleDuplicates"}
#: The log of events, whose statements are counted where its own tests are.
LOGS = {"leadEvents", "recordEvents"}
#: One row of numbers, which are counted in tests/graphql/leads/test_dashboard.py.
NUMBERS = {"leadsDashboard"}
#: The lists of the specification, and their statements while all rows fit on one page.
DOCUMENTS = {"01_list_people": 4, "06_list_leads": 2, "10_list_pipelines": 2}
#: With more rows than fit on a page, these two need a count.
LONG_LISTS = {"01_list_people": 5, "06_list_leads": 3, "10_list_pipelines": 2}
#: The statements of each list with everything selected.
STATEMENTS = {
    "absences": 2,
    "agents": 3,
    "leadRoutingLogs": 15,
    "leadsRotations": 3,
    "channelMessages": 3,
    "companies": 2,
    "contactType": 2,
    "customFieldDefinitions": 1,
    "importMappings": 1,
    "imports": 3,
    "leadLostReasons": 1,
    "leadReceivers": 9,
    "leadSources": 3,
    "leadStatuses": 1,
    "leadTypes": 2,
    "leads": 63,
    "members": 4,
    "merges": 3,
    "notifications": 4,
    "organizations": 5,
    "peopleRelationships": 2,
    "peoples": 15,
    "pipelines": 5,
    "receiverAttempts": 13,
    "socialChannels": 5,
    "tags": 1,
    "tasks": 6,
    "users": 1,
}


def statements(document: str, actor: Actor) -> list[str]:
    with CaptureQueriesContext(connection) as captured:
        data(document, actor=actor)
    return [query["sql"] for query in captured]


@pytest.mark.usefixtures("standard_executor")
def test_specification_needs_as_many_statements_for_one_row_as_for_a_hundred(tenant, actors):
    texts = {name: (SPECIFICATION / f"{name}.graphql").read_text() for name in DOCUMENTS}
    counts = []
    for missing in (1, 19, 80):
        add_records(tenant, missing)
        counts.append({name: len(statements(text, actors.viewer)) for name, text in texts.items()})

    assert counts == [DOCUMENTS, DOCUMENTS, LONG_LISTS]


@pytest.mark.usefixtures("standard_executor")
def test_every_list_needs_as_many_statements_for_one_row_as_for_twenty(tenant, actors, settings):
    settings.GRAPHQL_LIMITS = {"cost": 10**9}
    texts = {
        field: f"{{ {field}(first: 100) {{ data {{ {selection} }} }} }}"
        for field, selection in EVERYTHING.items()
    }
    counts = []
    for missing in (1, 19):
        add_records(tenant, missing)
        actor_of = {field: actors.manager if field in OF_MANAGERS else actors.viewer for field in texts}
        counts.append({field: len(statements(text, actor_of[field])) for field, text in texts.items()})

    assert counts == [STATEMENTS, STATEMENTS]


def test_every_list_is_covered(actors):
    schema = data("{ __schema { queryType { fields { name args { name } } } } }", actor=actors.admin)
    lists = {
        field["name"]
        for field in schema["__schema"]["queryType"]["fields"]
        # The lists of a single record are covered by tests of their own.
        if {argument["name"] for argument in field["args"]} & {"first", "entity_id"} == {"first"}
    }

    assert lists == set(EVERYTHING) | CLUSTERS | NUMBERS | LOGS
