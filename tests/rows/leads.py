"""Rows of leads, their lookups and their routing."""

from typing import Any
from uuid import uuid4

from django.db.models import Model

from crm.models import Tag, User
from leads.models import (
    Lead,
    LeadFile,
    LeadFollower,
    LeadLostReason,
    LeadParticipant,
    LeadPerson,
    LeadReceiver,
    LeadRotation,
    LeadRotationAgent,
    LeadRoutingLog,
    LeadSource,
    LeadStatus,
    LeadType,
    LoggedMail,
    ReceivedMail,
    ReceiverAttempt,
    StageVisit,
)
from people.models import Organization, PeopleRelationship, Person
from pipelines.models import Stage
from tests.factories import leads
from tests.rows.sets import Recipe, Rows, Values, named, named_once, with_file


def _lead(*, tag: Tag, lost_reason: LeadLostReason, **values: Any) -> Lead:
    lead: Lead = leads.LeadFactory(**values)
    lead.tags.add(tag)
    # Saving an open lead takes the reason away.
    Lead.objects.filter(pk=lead.pk).update(lost_reason=lost_reason)
    lead.refresh_from_db(fields=["lost_reason"])
    return lead


def _of_lead(rows: Rows) -> Values:
    return {"lead": rows[Lead], "user": rows[User]}


RECIPES: dict[type[Model], Recipe] = {
    LeadStatus: Recipe("status", named_once, leads.LeadStatusFactory),
    LeadType: Recipe("type", named_once, leads.LeadTypeFactory),
    LeadSource: Recipe(
        "source", lambda rows: {**named_once(rows), "type": rows[LeadType]}, leads.LeadSourceFactory
    ),
    LeadLostReason: Recipe("lost_reason", named_once),
    LeadRotation: Recipe("rotation", named, leads.LeadRotationFactory),
    LeadRotationAgent: Recipe(
        "rotation_agent",
        lambda rows: {"rotation": rows[LeadRotation], "user": rows[User], "phone": rows.mark},
        leads.LeadRotationAgentFactory,
    ),
    LeadReceiver: Recipe(
        "receiver",
        lambda rows: {
            **named(rows),
            "user": rows[User],
            "agent": rows[User],
            "source": rows[LeadSource],
            "type": rows[LeadType],
            "rotation": rows[LeadRotation],
        },
        leads.LeadReceiverFactory,
    ),
    Lead: Recipe(
        "lead",
        lambda rows: {
            "company": rows.company,
            "title": rows.mark,
            "user": rows[User],
            "owner": rows[User],
            "person": rows[Person],
            "organization": rows[Organization],
            "stage": rows[Stage],
            "receiver": rows[LeadReceiver],
            "status": rows[LeadStatus],
            "type": rows[LeadType],
            "source": rows[LeadSource],
            "lost_reason": rows[LeadLostReason],
            "tag": rows[Tag],
        },
        _lead,
    ),
    LeadFile: Recipe("lead_file", lambda rows: {**with_file(rows), "lead": rows[Lead]}),
    LeadParticipant: Recipe("lead_participant", _of_lead),
    LeadFollower: Recipe("lead_follower", _of_lead),
    LeadPerson: Recipe(
        "people_participant",
        lambda rows: {
            "lead": rows[Lead],
            "person": rows[Person],
            "relationship": rows[PeopleRelationship],
        },
    ),
    StageVisit: Recipe(
        "stage_visit",
        lambda rows: {
            **_of_lead(rows),
            "company": rows.company,
            "stage": rows[Stage],
            "stage_name": rows.mark,
            "pipeline_name": rows.mark,
            "entered_at": rows[Lead].stage_changed_at,
            "door": "graphql",
        },
    ),
    ReceiverAttempt: Recipe(
        "attempt",
        lambda rows: {
            "receiver": rows[LeadReceiver],
            "lead": rows[Lead],
            "replayed_by": rows[User],
            "payload": {"firstname": rows.mark},
        },
        leads.refused_attempt,
    ),
    ReceivedMail: Recipe(
        "received_mail",
        lambda rows: {
            "company": rows.company,
            "attempt": rows[ReceiverAttempt],
            "raw": rows.mark.encode(),
            "size": len(rows.mark),
        },
    ),
    LoggedMail: Recipe(
        "logged_mail",
        lambda rows: {"company": rows.company, "attempt": rows[ReceiverAttempt], "key": uuid4().hex * 2},
    ),
    LeadRoutingLog: Recipe(
        "routing_log",
        lambda rows: {
            **_of_lead(rows),
            "company": rows.company,
            "receiver": rows[LeadReceiver],
            "rotation": rows[LeadRotation],
            "attempt": rows[ReceiverAttempt],
            "outcome": "ROTATION",
            "door": "webhook",
            "detail": {"reason": rows.mark},
        },
    ),
}
