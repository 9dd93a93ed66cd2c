"""The baseline of imports on PostgreSQL: COPY into a staging table, then set-based upserts.

The statements write the same tables as the import, with the same indexes and triggers, and one history row a
record. They check nothing: what an import has to do beside is what the ratio measures.
"""

import re
from pathlib import Path
from typing import Any

PIECE = 1 << 20

PEOPLE = """
CREATE TEMP TABLE staging (
    firstname text, lastname text, email text, phone text, tag text, segment text, number bigserial);
COPY staging (firstname, lastname, email, phone, tag, segment) FROM STDIN WITH (FORMAT csv, HEADER);
ANALYZE staging;
CREATE TEMP TABLE matched AS
SELECT s.*, lower(s.email) AS canonical,
    '+' || regexp_replace(s.phone, '[^0-9]', '', 'g') AS dialled,
    coalesce(p.id, c.person_id, h.person_id) AS known, 0::bigint AS person_id
FROM staging s
LEFT JOIN people_person p
    ON p.company_id = {company} AND p.email_canonical = lower(s.email) AND p.deleted_at IS NULL
LEFT JOIN people_contact c
    ON c.company_id = {company} AND c.canonical = lower(s.email) AND c.type_id = {email_type}
LEFT JOIN people_contact h
    ON h.company_id = {company} AND h.type_id = {phone_type}
    AND h.canonical = '+' || regexp_replace(s.phone, '[^0-9]', '', 'g');
UPDATE matched SET person_id = coalesce(known, nextval(pg_get_serial_sequence('people_person', 'id')));
INSERT INTO crm_tag (created_at, updated_at, company_id, name, name_key, slug, weight, is_feature)
SELECT now(), now(), {company}, tag, lower(tag), lower(tag), 0, false
FROM (SELECT DISTINCT tag FROM matched) t ON CONFLICT DO NOTHING;
UPDATE people_person p SET firstname = m.firstname, lastname = m.lastname,
    custom_fields = p.custom_fields || jsonb_build_object('segment', m.segment),
    version = p.version + 1, updated_at = now()
FROM matched m WHERE m.known = p.id AND (p.firstname, p.lastname, p.custom_fields ->> 'segment')
    IS DISTINCT FROM (m.firstname, m.lastname, m.segment);
INSERT INTO people_person (id, created_at, updated_at, company_id, uuid, version, custom_fields, firstname,
    lastname, name, email, email_canonical, search_text, user_id, do_not_contact)
SELECT person_id, now(), now(), {company}, gen_random_uuid(), 1, jsonb_build_object('segment', segment),
    firstname, lastname, firstname || ' ' || lastname, email, canonical,
    lower(firstname || ' ' || lastname) || E'\\n' || canonical || E'\\n' || dialled || E'\\n'
        || phone || E'\\n' || substr(dialled, 2) || E'\\n', {user}, false
FROM matched WHERE known IS NULL ORDER BY number;
INSERT INTO people_contact (created_at, updated_at, company_id, value, canonical, weight, person_id, type_id)
SELECT now(), now(), {company}, email, canonical, 0, person_id, {email_type}
FROM matched WHERE known IS NULL ORDER BY number;
INSERT INTO people_contact (created_at, updated_at, company_id, value, canonical, dialled, weight, person_id,
    type_id)
SELECT now(), now(), {company}, phone, dialled, dialled, 0, person_id, {phone_type}
FROM matched WHERE known IS NULL ORDER BY number;
INSERT INTO people_person_tags (person_id, tag_id)
SELECT m.person_id, t.id FROM matched m JOIN crm_tag t ON t.company_id = {company} AND t.name = m.tag
ORDER BY m.number ON CONFLICT DO NOTHING;
INSERT INTO crm_historyentry (content_type_id, object_id, company_id, user_id, kind, door, via, changes,
    created_at)
SELECT {content_type}, person_id, {company}, {user},
    CASE WHEN known IS NULL THEN 'CREATED' ELSE 'UPDATED' END, 'import', 'baseline', '{{}}', now()
FROM matched ORDER BY number;
DROP TABLE staging, matched;
"""

LEADS = """
CREATE TEMP TABLE staging (
    title text, person_email text, organization text, stage text, amount numeric, number bigserial);
COPY staging (title, person_email, organization, stage, amount) FROM STDIN WITH (FORMAT csv, HEADER);
ANALYZE staging;
INSERT INTO people_organization (created_at, updated_at, company_id, uuid, version, custom_fields, name,
    name_key, comparable_key, search_text, user_id)
SELECT now(), now(), {company}, gen_random_uuid(), 1, '{{}}', organization, lower(organization), '',
    lower(organization) || E'\\n', {user}
FROM (SELECT DISTINCT organization FROM staging) s;
ANALYZE staging;
CREATE TEMP TABLE matched AS
SELECT s.*, nextval(pg_get_serial_sequence('leads_lead', 'id')) AS lead_id, p.id AS person_id,
    o.id AS organization_id, g.id AS stage_id, g.pipeline_id,
    (ARRAY[{agents}])[1 + (s.number - 1) % array_length(ARRAY[{agents}], 1)] AS owner_id
FROM staging s
JOIN people_person p
    ON p.company_id = {company} AND p.email_canonical = lower(s.person_email) AND p.deleted_at IS NULL
JOIN people_organization o
    ON o.company_id = {company} AND o.name_key = lower(s.organization) AND o.deleted_at IS NULL
JOIN pipelines_stage g ON g.company_id = {company} AND g.name = s.stage AND g.deleted_at IS NULL;
INSERT INTO leads_lead (id, created_at, updated_at, company_id, uuid, version, custom_fields, title, user_id,
    person_id, organization_id, owner_id, status_id, pipeline_id, stage_id, receiver_id, stage_changed_at,
    last_activity_at, last_activity, amount, currency, search_text)
SELECT lead_id, now(), now(), {company}, gen_random_uuid(), 1, '{{}}', title, {user}, person_id,
    organization_id, owner_id, {status}, pipeline_id, stage_id, {receiver}, now(), now(), 'STAGE', amount,
    'EUR', lower(title) || E'\\n'
FROM matched ORDER BY number;
INSERT INTO leads_stagevisit (created_at, updated_at, company_id, lead_id, stage_id, stage_name,
    pipeline_name, entered_at, user_id, door)
SELECT now(), now(), {company}, lead_id, stage_id, stage, 'Default pipeline', now(), {user}, 'import'
FROM matched ORDER BY number;
WITH channels AS (
    INSERT INTO crm_socialchannel (created_at, updated_at, company_id, uuid, name, slug, content_type_id,
        object_id)
    SELECT now(), now(), {company}, gen_random_uuid(), 'Default', gen_random_uuid()::text, {content_type},
        lead_id FROM matched ORDER BY number RETURNING id)
INSERT INTO crm_channelmember (created_at, updated_at, channel_id, user_id, is_admin)
SELECT now(), now(), id, {user}, true FROM channels;
INSERT INTO leads_leadroutinglog (created_at, updated_at, company_id, lead_id, receiver_id, user_id, outcome,
    door, detail)
SELECT now(), now(), {company}, lead_id, {receiver}, owner_id, 'ROTATION', 'import',
    jsonb_build_object('reason', 'Rotation, as the baseline has it.') FROM matched ORDER BY number;
INSERT INTO people_person_organizations (person_id, organization_id)
SELECT person_id, organization_id FROM matched ORDER BY number ON CONFLICT DO NOTHING;
UPDATE people_person p SET version = p.version + 1, updated_at = now()
FROM matched m WHERE m.person_id = p.id;
INSERT INTO crm_historyentry (content_type_id, object_id, company_id, user_id, kind, door, via, changes,
    created_at)
SELECT {content_type}, lead_id, {company}, {user}, 'CREATED', 'import', 'baseline', '{{}}', now()
FROM matched ORDER BY number;
DROP TABLE staging, matched;
"""


def run(statements: str, path: Path, **names: Any) -> None:
    """Run statements in one transaction; the file goes where they COPY."""
    from django.db import connection, transaction

    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 0")
        for statement in re.split(r";\n", statements.format(**names)):
            if "FROM STDIN" in statement:
                with path.open("rb") as file, cursor.cursor.copy(statement) as copy:
                    while piece := file.read(PIECE):
                        copy.write(piece)
            elif statement.strip():
                cursor.execute(statement)
