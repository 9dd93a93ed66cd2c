"""Compare the export of people and leads to CSV with COPY TO of the same columns, and show its memory.

Run it as ``DATABASE_URL=postgres://... python -m benchmarks.exports [PEOPLE]``. It makes a test database of
its own and removes it. Each person has an e-mail, a phone, a tag, an organization and a custom field.
"""

import os
import resource
import statistics
import sys
import tempfile
from collections.abc import Callable
from time import perf_counter
from typing import Any

import django

from config.gc_tuning import raise_thresholds

PEOPLE = 200_000
ROUNDS = 3
#: What a file of people holds, as one statement: lists are aggregated beforehand, as PostgreSQL does best.
PEOPLE_SQL = """
SELECT p.uuid, p.firstname, p.middlename, p.lastname, p.email, c.phone, p.dob, o.name, o.uuid,
       p.do_not_contact, u.username, t.tags, p.external_id, p.external_source, p.created_at,
       p.custom_fields ->> 'segment'
FROM people_person p
LEFT JOIN (SELECT person_id, min(value) AS phone
           FROM people_contact c JOIN people_contacttype y ON y.id = c.type_id
           WHERE y.kind = 'PHONE' GROUP BY person_id) c ON c.person_id = p.id
LEFT JOIN (SELECT person_id, string_agg(g.name, ';' ORDER BY g.name) AS tags
           FROM people_person_tags l JOIN crm_tag g ON g.id = l.tag_id GROUP BY person_id) t
    ON t.person_id = p.id
LEFT JOIN (SELECT DISTINCT ON (person_id) person_id, organization_id
           FROM people_person_organizations ORDER BY person_id, id) m ON m.person_id = p.id
LEFT JOIN people_organization o ON o.id = m.organization_id AND o.deleted_at IS NULL
LEFT JOIN crm_user u ON u.id = p.user_id
WHERE p.company_id = {company} AND p.deleted_at IS NULL ORDER BY p.id"""
LEADS_SQL = """
SELECT l.uuid, l.title, l.firstname, l.lastname, l.email, l.phone, l.description, p.uuid, p.email, o.uuid,
       o.name, pi.name, s.name, st.name, ty.name, so.name, lr.name, l.reason_lost, u.username, l.amount,
       l.currency,
       l.expected_close_on, l.probability, l.external_id, l.external_source, l.created_at, l.stage_changed_at,
       l.closed_at, t.tags
FROM leads_lead l
LEFT JOIN people_person p ON p.id = l.person_id AND p.deleted_at IS NULL
LEFT JOIN people_organization o ON o.id = l.organization_id AND o.deleted_at IS NULL
JOIN pipelines_pipeline pi ON pi.id = l.pipeline_id JOIN pipelines_stage s ON s.id = l.stage_id
JOIN leads_leadstatus st ON st.id = l.status_id
LEFT JOIN leads_leadtype ty ON ty.id = l.type_id LEFT JOIN leads_leadsource so ON so.id = l.source_id
LEFT JOIN leads_leadlostreason lr ON lr.id = l.lost_reason_id LEFT JOIN crm_user u ON u.id = l.owner_id
LEFT JOIN (SELECT lead_id, string_agg(g.name, ';' ORDER BY g.name) AS tags
           FROM leads_lead_tags k JOIN crm_tag g ON g.id = k.tag_id GROUP BY lead_id) t ON t.lead_id = l.id
WHERE l.company_id = {company} AND l.deleted_at IS NULL ORDER BY l.id"""


INSERT_PEOPLE = """
INSERT INTO people_person (created_at, updated_at, company_id, uuid, version, custom_fields, firstname,
    lastname, name, email, email_canonical, search_text, user_id, do_not_contact)
SELECT now(), now(), %s, gen_random_uuid(), 1, jsonb_build_object('segment', 'S' || i %% 9), 'First' || i,
    'Last' || i, 'First' || i || ' Last' || i, 'p' || i || '@example.com', 'p' || i || '@example.com', '',
    %s, false
FROM generate_series(1, %s) i"""
INSERT_CONTACTS = """
INSERT INTO people_contact (created_at, updated_at, company_id, value, canonical, weight, person_id, type_id)
SELECT now(), now(), company_id, {value}, {value}, 0, id, %s FROM people_person"""
INSERT_LEADS = """
INSERT INTO leads_lead (created_at, updated_at, company_id, uuid, version, custom_fields, title, email,
    person_id, organization_id, owner_id, status_id, pipeline_id, stage_id, stage_changed_at,
    last_activity_at, last_activity, search_text)
SELECT now(), now(), company_id, gen_random_uuid(), 1, '{}', 'Deal ' || id, email, id, %s, %s, %s, %s, %s,
    now(), now(), 'STAGE', ''
FROM people_person WHERE id %% 2 = 0"""


def fill(number: int) -> Any:
    """Store a company with that many people and half as many leads, and return an actor of it."""
    from django.db import connection

    from crm.actors import Actor, Door, Role
    from crm.models import Tag
    from crm.services.companies import find_or_create_user
    from leads.models import LeadStatus
    from leads.services.company_setup import set_up_company
    from people.models import ContactType, Organization
    from pipelines.models import Stage

    user, _ = find_or_create_user("benchmark")
    company = set_up_company("Benchmark", admin=user)
    tag = Tag.objects.create(company=company, name="VIP", slug="vip")
    organization = Organization.objects.create(company=company, name="Acme", user=user)
    stage = Stage.objects.filter(company=company).order_by("weight").first()
    status = LeadStatus.objects.filter(company=company, is_default=True).get()
    assert stage is not None
    keys = {kind: ContactType.objects.get(company=None, kind=kind).pk for kind in ("EMAIL", "PHONE")}
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        cursor.execute(INSERT_PEOPLE, [company.pk, user.pk, number])
        for key, value in ((keys["EMAIL"], "email"), (keys["PHONE"], "'+1212' || lpad(id::text, 7, '0')")):
            cursor.execute(INSERT_CONTACTS.format(value=value), [key])
        for table, column, row in (
            ("tags", "tag_id", tag),
            ("organizations", "organization_id", organization),
        ):
            cursor.execute(
                f"INSERT INTO people_person_{table} (person_id, {column}) SELECT id, %s FROM people_person",
                [row.pk],
            )
        cursor.execute(INSERT_LEADS, [organization.pk, user.pk, status.pk, stage.pipeline_id, stage.pk])
        cursor.execute("ANALYZE")
    return Actor(user_id=user.pk, company_id=company.pk, role=Role.ADMIN, door=Door.COMMAND)


def copied(statement: str) -> int:
    """Write the result of a statement by COPY, and return the bytes."""
    from django.db import connection

    written = 0
    copying = f"COPY ({statement}) TO STDOUT WITH (FORMAT csv, HEADER)"
    with connection.cursor() as cursor, tempfile.TemporaryFile() as file, cursor.cursor.copy(copying) as copy:
        for piece in copy:
            written += file.write(piece)
    return written


def exported(kind: str, actor: Any) -> int:
    """Write an export, and return its rows."""
    from crm.exporting.registry import exported_named
    from crm.exporting.running import export_rows
    from crm.models.base import visible_rows

    source = exported_named(kind).source(actor)
    with tempfile.TemporaryFile() as file:
        return export_rows(source, visible_rows(source.model, actor), file).rows


def timed(work: Callable[[], int]) -> float:
    begun = perf_counter()
    work()
    return perf_counter() - begun


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    raise_thresholds()
    django.setup()
    from django.test.utils import setup_databases, teardown_databases

    number = int(sys.argv[1]) if len(sys.argv) > 1 else PEOPLE
    databases = setup_databases(verbosity=0, interactive=False)
    try:
        actor = fill(number)
        for kind, sql in (("PEOPLE", PEOPLE_SQL), ("LEAD", LEADS_SQL)):
            statement = sql.format(company=actor.company_id)
            rows = exported(kind, actor)
            pairs = [
                (timed(lambda of=statement: copied(of)), timed(lambda of=kind: exported(of, actor)))
                for _ in range(ROUNDS)
            ]
            ratio = statistics.median(copy / export for copy, export in pairs)
            copy, export = (statistics.median(each) for each in zip(*pairs, strict=True))
            memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            sys.stdout.write(
                f"{kind}: {rows} rows; COPY {copy:.2f} s, export {export:.2f} s,"
                f" ratio {ratio:.2f}; highest memory {memory:.0f} MB\n"
            )
    finally:
        teardown_databases(databases, verbosity=0)


if __name__ == "__main__":
    main()
