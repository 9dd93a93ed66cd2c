"""Execute wrappers see every statement of a request with a token, on the fast path and through Django."""

from itertools import count

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm.services.tokens import create_token
from tests.config.both_paths import send
from tests.factories.leads import LeadFactory
from tests.statements import Trace, shapes

pytestmark = pytest.mark.postgres

LIST = "{ leads { data { stage { name } tags { name } } paginatorInfo { total } } }"
CREATE = "mutation ($title: String!) { createLead(input: { title: $title }) { stage { name } } }"
UPDATE = "mutation ($id: ID!, $title: String!) { updateLead(id: $id, input: { title: $title }) { id } }"


@pytest.mark.parametrize("path", ["fast", "django"])
@pytest.mark.parametrize("document", [LIST, CREATE, UPDATE])
def test_request_is_seen_whole(both_paths, tenant, path, document):
    lead = LeadFactory(company=tenant.company)
    _, token = create_token(tenant.users["agent"], tenant.company, name="program")
    titles = (f"Title {number}" for number in count())

    def request():
        variables = {"id": str(lead.pk), "title": next(titles)}
        return send(getattr(both_paths, path), token, {"query": document, "variables": variables})

    # The caller of a token is predicted from the second request on.
    request()
    with CaptureQueriesContext(connection) as captured:
        untraced = request()
    sent = shapes(each["sql"] for each in captured)
    trace = Trace()
    with connection.execute_wrapper(trace):
        traced = request()

    assert trace.shapes == sent
    # The read of a predicted caller travels with the authentication.
    assert (len(sent) == 1) is (document == LIST and path == "fast")
    assert traced == untraced
