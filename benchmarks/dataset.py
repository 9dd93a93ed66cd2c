"""The rows that reads are measured on, made in PostgreSQL by a handful of statements.

Two companies: the first has the numbers of ``Size``, the second a tenth of them. Leads have 2 or 3 tags,
four of five are closed, and every fifth has no description, 5 % no person, 7 % no organization; people have 2
contacts, an organization and 2 tags; leads and people have 2 custom fields. The same numbers always give the
same rows.

``python -m benchmarks.dataset --database URL --leads 2000000`` makes a database of another size; a tenth of
the leads takes a tenth of the time.
"""

import argparse
import os
import sys
from dataclasses import dataclass, fields
from typing import Any

#: For data on a fast disk that fits into memory, and one statement for each core.
SETTINGS = ("random_page_cost = 1.1", "jit = off", "max_parallel_workers_per_gather = 0", "work_mem = '32MB'")
MEMBERS = 12
TAGS = 40


@dataclass(frozen=True, kw_only=True)
class Size:
    """Row counts of the larger company."""

    leads: int = 200_000
    people: int = 100_000
    organizations: int = 20_000


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """The larger company, and a token of its manager."""

    company_id: int
    user_id: int
    token: str


def build(size: Size) -> Dataset:
    """Fill an empty, migrated database; give the larger company."""
    from django.db import connection

    larger = _company("Larger", "larger")
    smaller = _company("Smaller", "smaller")
    _fill(larger.company_id, size)
    tenth = Size(
        leads=size.leads // 10, people=size.people // 10, organizations=max(1, size.organizations // 10)
    )
    _fill(smaller.company_id, tenth)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    return larger


def _company(name: str, prefix: str) -> Dataset:
    from crm.actors import Role
    from crm.models import Company, Membership
    from crm.services import tokens
    from crm.services.companies import find_or_create_user
    from leads.services.company_setup import set_up_company

    admin, _ = find_or_create_user(f"{prefix}-admin")
    company = set_up_company(name, admin=admin)
    for index in range(MEMBERS - 1):
        member, _ = find_or_create_user(f"{prefix}-{index}", is_staff=False)
        role = Role.MANAGER if index == 0 else Role.AGENT
        Membership.objects.create(company=company, user=member, role=role)
    _, raw = tokens.create_token(admin, company, name="benchmark")
    Company.objects.filter(pk=company.pk).update(default_owner=admin)
    return Dataset(company_id=company.pk, user_id=admin.pk, token=raw)


def _fill(company_id: int, size: Size) -> None:
    from django.db import connection

    values: dict[str, Any] = {
        "company": company_id,
        "leads": size.leads,
        "people": size.people,
        "organizations": size.organizations,
        "tags": TAGS,
    }
    with connection.cursor() as cursor:
        for statement in STATEMENTS:
            cursor.execute(statement, values)


#: ``picked(kind, n)`` below is the n-th row of a kind in the company, counted from 0 and around.
STATEMENTS = (
    "DROP TABLE IF EXISTS numbered",
    """
    INSERT INTO crm_tag (created_at, updated_at, name, name_key, slug, weight, is_feature, company_id)
    SELECT now(), now(), 'Tag ' || n, 'tag ' || n, 'tag-' || n, n %% 7, false, %(company)s
    FROM generate_series(1, %(tags)s) n
    """,
    """
    INSERT INTO leads_leadsource (created_at, updated_at, uuid, name, name_key, is_active, company_id)
    SELECT now(), now(), gen_random_uuid(), 'Source ' || n, 'source ' || n, true, %(company)s
    FROM generate_series(1, 8) n
    """,
    """
    INSERT INTO people_organization (created_at, updated_at, custom_fields, uuid, version, name, name_key,
        comparable_key, email, city, search_text, company_id)
    SELECT moment, moment, '{}', gen_random_uuid(), 1, 'Organization ' || n, 'organization ' || n,
        'organization' || n,
        'office' || n || '@organization' || n || '.example', 'City ' || n %% 200,
        'organization ' || n, %(company)s
    FROM (
        SELECT n, now() - n * interval '97 seconds' AS moment FROM generate_series(1, %(organizations)s) n
    ) s
    """,
    """
    INSERT INTO people_person (created_at, updated_at, custom_fields, uuid, version, firstname, lastname,
        name, email, email_canonical, search_text, company_id)
    SELECT moment, moment, jsonb_build_object('budget', n %% 9000, 'segment', 'S' || n %% 9),
        gen_random_uuid(), 1, first, last, first || ' ' || last, email, email,
        lower(first || ' ' || last || ' ' || email), %(company)s
    FROM (
        SELECT n, now() - n * interval '31 seconds' AS moment, 'First' || n * 7919::bigint %% 9973 AS first,
            'Last' || n * 104729::bigint %% 99991 AS last, 'person' || n || '@example.com' AS email
        FROM generate_series(1, %(people)s) n
    ) s
    """,
    """
    CREATE TEMPORARY TABLE numbered AS
    SELECT 'person' AS kind, row_number() OVER (ORDER BY id) - 1 AS n, count(*) OVER () AS all_of, id
        FROM people_person WHERE company_id = %(company)s
    UNION ALL SELECT 'organization', row_number() OVER (ORDER BY id) - 1, count(*) OVER (), id
        FROM people_organization WHERE company_id = %(company)s
    UNION ALL SELECT 'tag', row_number() OVER (ORDER BY id) - 1, count(*) OVER (), id
        FROM crm_tag WHERE company_id = %(company)s
    UNION ALL SELECT 'source', row_number() OVER (ORDER BY id) - 1, count(*) OVER (), id
        FROM leads_leadsource WHERE company_id = %(company)s
    UNION ALL SELECT 'status', row_number() OVER (ORDER BY id) - 1, count(*) OVER (), id
        FROM leads_leadstatus WHERE company_id = %(company)s
    UNION ALL SELECT 'stage', row_number() OVER (ORDER BY id) - 1, count(*) OVER (), id
        FROM pipelines_stage WHERE company_id = %(company)s
    UNION ALL SELECT 'member', row_number() OVER (ORDER BY user_id) - 1, count(*) OVER (), user_id
        FROM crm_membership WHERE company_id = %(company)s
    """,
    "CREATE UNIQUE INDEX ON numbered (kind, n)",
    "ANALYZE numbered",
    """
    CREATE OR REPLACE FUNCTION pg_temp.picked(wanted text, place bigint) RETURNS bigint LANGUAGE sql STABLE AS
    $$SELECT id FROM numbered WHERE kind = wanted
        AND n = place %% (SELECT all_of FROM numbered WHERE kind = wanted AND n = 0)$$
    """,
    """
    INSERT INTO people_contact
        (created_at, updated_at, value, canonical, dialled, weight, company_id, type_id, person_id)
    SELECT now(), now(), value, value, CASE kind WHEN 'PHONE' THEN value END, weight, %(company)s,
        (SELECT min(id) FROM people_contacttype WHERE company_id IS NULL AND kind = s.kind), id
    FROM (
        SELECT id, 0 AS weight, 'EMAIL' AS kind, 'person' || n || '@example.com' AS value
            FROM numbered WHERE kind = 'person'
        UNION ALL SELECT id, 1, 'PHONE', '+1212' || lpad(n::text, 7, '0') FROM numbered WHERE kind = 'person'
    ) s
    """,
    """
    INSERT INTO people_person_organizations (person_id, organization_id)
    SELECT id, pg_temp.picked('organization', n) FROM numbered WHERE kind = 'person'
    """,
    """
    INSERT INTO people_person_tags (person_id, tag_id)
    SELECT id, pg_temp.picked('tag', n * 3 + k * 11) FROM numbered, generate_series(0, 1) k
    WHERE kind = 'person'
    """,
    """
    INSERT INTO leads_lead (created_at, updated_at, custom_fields, uuid, version, title, firstname, lastname,
        email, email_canonical, description, stage_changed_at, last_activity, last_activity_at, closed_at,
        search_text, company_id, person_id, organization_id, owner_id, source_id, status_id, stage_id,
        pipeline_id)
    SELECT moment, moment, jsonb_build_object('budget', n %% 9000, 'campaign', 'C' || n %% 90),
        gen_random_uuid(), 1, title, 'First' || n, 'Last' || n, 'lead' || n || '@example.com',
        'lead' || n || '@example.com',
        CASE WHEN n %% 5 = 0 THEN NULL ELSE 'Wants a quote for ' || n || ' pieces.' END, moment, 'STAGE',
        moment, CASE WHEN status.category <> 'OPEN' THEN moment END,
        lower(title || ' first' || n || ' last' || n || ' lead' || n || '@example.com'),
        %(company)s,
        CASE WHEN n %% 20 = 0 THEN NULL ELSE pg_temp.picked('person', n) END,
        CASE WHEN n %% 14 = 0 THEN NULL ELSE pg_temp.picked('organization', n) END,
        pg_temp.picked('member', n), pg_temp.picked('source', n), status.id, stage.id,
        stage.pipeline_id
    FROM (
        SELECT n, now() - n * interval '13 seconds' AS moment, 'Deal ' || n || ' of ' || md5(n::text) AS title
        FROM generate_series(1, %(leads)s) n
    ) s JOIN pipelines_stage stage ON stage.id = pg_temp.picked('stage', n)
        JOIN leads_leadstatus status ON status.id = pg_temp.picked('status', n / 3)
    """,
    """
    INSERT INTO leads_lead_tags (lead_id, tag_id)
    SELECT id, pg_temp.picked('tag', id * 7 + k * 13) FROM leads_lead, generate_series(0, 2) k
    WHERE company_id = %(company)s AND (k < 2 OR id %% 2 = 0)
    """,
)


def migrate_own_database() -> bool:
    """Make the database of the settings if there is none, and bring its tables to the present code.

    One that is made has the settings of a server for reads. Give whether it was made.
    """
    from django.core.management import call_command
    from django.db import connection, connections

    name = connection.settings_dict["NAME"]
    with connections["default"]._nodb_cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
        is_there = cursor.fetchone() is not None
        if not is_there:
            quoted = connection.ops.quote_name(name)
            cursor.execute(f"CREATE DATABASE {quoted}")
            for setting in SETTINGS:
                cursor.execute(f"ALTER DATABASE {quoted} SET {setting}")
    call_command("migrate", verbosity=0)
    return not is_there


def main() -> None:
    """Make a database of the size that the command line gives."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.dataset", description="Makes a dataset.")
    parser.add_argument("--database", required=True, help="address of one that is not there yet")
    for number in fields(Size):
        parser.add_argument(f"--{number.name}", type=int, default=number.default)
    arguments = parser.parse_args()
    os.environ |= {
        "DATABASE_URL": arguments.database,
        "DATABASE_STATEMENT_TIMEOUT": "0",
        "DATABASE_POOL_SIZE": "0",
    }
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    if not migrate_own_database():
        sys.exit("The database is there: it is left as it is.")
    build(Size(leads=arguments.leads, people=arguments.people, organizations=arguments.organizations))


if __name__ == "__main__":
    main()
