"""The limit of changes: one statement writes all the rows that a change of the CRM leaves, and the answer."""

from benchmarks.reads.workloads import LEADS_CHANGED

MOMENT = "clock_timestamp()"
CONTENT_TYPE = "(SELECT id FROM django_content_type WHERE app_label = 'leads' AND model = 'lead')"

CREATE = f"""
WITH place AS (
    SELECT s.id, s.name, s.pipeline_id, p.name AS pipeline FROM pipelines_stage s
    JOIN pipelines_pipeline p ON p.id = s.pipeline_id
    WHERE s.id = 1 AND s.company_id = $1 AND s.deleted_at IS NULL AND p.deleted_at IS NULL
), person AS (
    SELECT * FROM people_person WHERE id = 1 AND company_id = $1 AND deleted_at IS NULL
), organization AS (
    SELECT id FROM people_organization WHERE id = 1 AND company_id = $1 AND deleted_at IS NULL
), status AS (
    SELECT id, name FROM leads_leadstatus WHERE company_id = $1 AND is_default
), receiver AS (
    SELECT * FROM leads_leadreceiver WHERE company_id = $1 AND is_default AND is_active
), maker AS (
    SELECT user_id AS id FROM crm_membership WHERE company_id = $1 AND role = 'ADMIN' LIMIT 1
), lead AS (
    INSERT INTO leads_lead (created_at, updated_at, company_id, uuid, version, custom_fields, user_id, title,
        firstname, lastname, email, description, person_id, organization_id, owner_id, receiver_id,
        status_id, type_id, source_id, pipeline_id, stage_id, stage_changed_at, last_activity_at,
        last_activity, email_canonical, search_text)
    SELECT {MOMENT}, {MOMENT}, $1, gen_random_uuid(), 1, '{{"deal_value": "50000"}}', maker.id,
        'Enterprise deal', person.firstname, person.lastname, person.email, 'Potential enterprise contract',
        person.id, organization.id, maker.id, receiver.id, status.id, receiver.type_id, receiver.source_id,
        place.pipeline_id, place.id, {MOMENT}, {MOMENT}, 'STAGE', person.email_canonical,
        lower('Enterprise deal ' || person.name || ' ' || person.email)
    FROM place, person, organization, status, receiver, maker
    RETURNING id, uuid, title, user_id
), history AS (
    INSERT INTO crm_historyentry (content_type_id, object_id, company_id, user_id, kind, door, changes,
        created_at)
    SELECT {CONTENT_TYPE}, lead.id, $1, lead.user_id, 'CREATED', 'graphql', '{{}}', {MOMENT} FROM lead
), visit AS (
    INSERT INTO leads_stagevisit (created_at, updated_at, company_id, lead_id, stage_id, stage_name,
        pipeline_name, entered_at, user_id, door)
    SELECT {MOMENT}, {MOMENT}, $1, lead.id, place.id, place.name, place.pipeline, {MOMENT}, lead.user_id,
        'graphql'
    FROM lead, place
), channel AS (
    INSERT INTO crm_socialchannel (created_at, updated_at, uuid, name, slug, object_id, company_id,
        content_type_id)
    SELECT {MOMENT}, {MOMENT}, gen_random_uuid(), 'default', lead.uuid::text, lead.id, $1, {CONTENT_TYPE}
    FROM lead
    RETURNING id
), member AS (
    INSERT INTO crm_channelmember (created_at, updated_at, is_admin, user_id, channel_id)
    SELECT {MOMENT}, {MOMENT}, true, lead.user_id, channel.id FROM lead, channel
), routed AS (
    INSERT INTO leads_leadroutinglog (created_at, updated_at, outcome, door, detail, company_id, lead_id,
        receiver_id, user_id)
    SELECT {MOMENT}, {MOMENT}, 'MAKER', 'graphql', '{{}}', $1, lead.id, receiver.id, lead.user_id
    FROM lead, receiver
), event AS (
    INSERT INTO crm_event (company_id, entity, object_id, kind, changes, actor_id, door, created_at)
    SELECT $1, 'lead', lead.id, 'created', '{{}}', lead.user_id, 'graphql', {MOMENT} FROM lead
)
SELECT json_build_object('data', json_build_object('createLead', json_build_object('id', lead.id::text,
    'uuid', lead.uuid, 'title', lead.title, 'status', json_build_object('name', status.name), 'stage',
    json_build_object('name', place.name))))::text
FROM lead, status, place
"""

#: $2 is the lead, $3 its new stage.
MOVE = f"""
WITH old AS (
    SELECT l.id, l.stage_id, s.name FROM leads_lead l JOIN pipelines_stage s ON s.id = l.stage_id
    WHERE l.id = $2 AND l.company_id = $1 AND l.deleted_at IS NULL FOR UPDATE OF l
), place AS (
    SELECT s.id, s.name, p.name AS pipeline FROM pipelines_stage s
    JOIN pipelines_pipeline p ON p.id = s.pipeline_id
    WHERE s.id = $3 AND s.company_id = $1 AND s.deleted_at IS NULL AND p.deleted_at IS NULL
), maker AS (
    SELECT user_id AS id FROM crm_membership WHERE company_id = $1 AND role = 'ADMIN' LIMIT 1
), lead AS (
    UPDATE leads_lead SET stage_id = place.id, version = version + 1, updated_at = {MOMENT},
        stage_changed_at = {MOMENT}, last_activity_at = {MOMENT}
    FROM old, place WHERE leads_lead.id = old.id
    RETURNING leads_lead.id, leads_lead.uuid, leads_lead.title
), left_visit AS (
    UPDATE leads_stagevisit SET left_at = {MOMENT}, updated_at = {MOMENT}
    WHERE lead_id = $2 AND left_at IS NULL
), history AS (
    INSERT INTO crm_historyentry (content_type_id, object_id, company_id, user_id, kind, door, changes,
        created_at)
    SELECT {CONTENT_TYPE}, lead.id, $1, maker.id, 'UPDATED', 'graphql', json_build_object('stage',
        json_build_array(json_build_object('id', old.stage_id::text, 'name', old.name),
            json_build_object('id', place.id::text, 'name', place.name)))::jsonb, {MOMENT}
    FROM lead, old, place, maker
), visit AS (
    INSERT INTO leads_stagevisit (created_at, updated_at, company_id, lead_id, stage_id, stage_name,
        pipeline_name, entered_at, user_id, door)
    SELECT {MOMENT}, {MOMENT}, $1, lead.id, place.id, place.name, place.pipeline, {MOMENT}, maker.id,
        'graphql'
    FROM lead, place, maker
), event AS (
    INSERT INTO crm_event (company_id, entity, object_id, kind, changes, actor_id, door, created_at)
    SELECT $1, 'lead', lead.id, 'updated', '{{}}', maker.id, 'graphql', {MOMENT} FROM lead, maker
)
SELECT json_build_object('data', json_build_object('updateLead', json_build_object('id', lead.id::text,
    'title', lead.title, 'stage', json_build_object('name', place.name))))::text
FROM lead, place
"""


def moved(number: int) -> tuple[int, int]:
    """Return the lead and the stage of the n-th move, leaving out the leads that other workloads move."""
    lead = 1 + LEADS_CHANGED + number % LEADS_CHANGED
    # The dataset has lead n in stage n % 4 + 1.
    return lead, (lead + 1 + number // LEADS_CHANGED) % 4 + 1
