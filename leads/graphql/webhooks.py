"""The content of webhooks about leads."""

from crm.actors import Actor
from crm.graphql.execution.operations import JsonObject
from crm.graphql.webhooks.contents import VERSION, ListedContent, run_document
from crm.webhooks.contents import FilterRefused, Unreadable

__all__ = ["CONTENT", "VERSION", "LeadContent"]

CONTENT = """
query WebhookLead($id: ID!) {
  lead(id: $id) {
    id uuid version title description firstname lastname email phone
    created_at updated_at stage_changed_at last_activity_at closed_at reason_lost
    amount currency expected_close_on probability
    status { id name category }
    type { id name }
    source { id name }
    pipeline { id name }
    stage { id name }
    lost_reason { id name }
    owner { id displayname email }
    participants { id displayname email }
    people { id uuid name firstname lastname email }
    organization { id uuid name }
    tags { id name slug }
    custom_fields { name value }
  }
}
"""


class LeadContent(ListedContent):
    """Reads leads by the document above."""

    entity = "lead"
    listed = ("leads", "QueryLeadsWhereWhereConditions")

    def read(self, object_id: int, *, actor: Actor) -> JsonObject | None:
        try:
            lead: JsonObject | None = run_document(CONTENT, {"id": str(object_id)}, actor)["lead"]
        except FilterRefused as refused:
            raise Unreadable(str(refused)) from refused
        return lead
