"""Deals for the leads of the dataset: amounts, dates, reasons, two years of stage visits, participants."""

#: Leads were created over 730 days, in the order of their ids; 15 % of the open ones have no
#: close date, and a tenth has no amount. A lead was in every stage up to its own, and closed ones are closed
#: up to 90 days after they were created. Every 25th has a participant, and every 25th a follower.
STATEMENTS = (
    """
    INSERT INTO leads_leadtype (created_at, updated_at, uuid, name, name_key, is_active, company_id)
    SELECT now(), now(), gen_random_uuid(), 'Type ' || n, 'type ' || n, true, company.id
    FROM crm_company company, generate_series(1, 4) n
    """,
    """
    INSERT INTO leads_leadlostreason (created_at, updated_at, name, name_key, is_active, weight, company_id)
    SELECT now(), now(), 'Reason ' || n, 'reason ' || n, true, n, company.id
    FROM crm_company company, generate_series(1, 6) n
    """,
    """
    CREATE TEMPORARY TABLE stretched AS
    SELECT lead.id, category,
        now() - (1 - row_number() OVER w / count(*) OVER (PARTITION BY lead.company_id)::numeric)
            * interval '730 days' AS created_at
    FROM leads_lead lead JOIN leads_leadstatus status ON status.id = lead.status_id
    WINDOW w AS (PARTITION BY lead.company_id ORDER BY lead.id)
    """,
    """
    UPDATE leads_lead lead SET
        created_at = stretched.created_at,
        closed_at = CASE WHEN category <> 'OPEN' THEN
            least(now(), stretched.created_at + mod(lead.id * 37, 90) * interval '25 hours') END,
        expected_close_on = CASE WHEN mod(lead.id, 20) > 2 THEN
            current_date + mod(lead.id * 13, 540)::integer - 180 END,
        amount = CASE WHEN mod(lead.id, 10) > 0 THEN mod(lead.id * 7919, 10000000) / 100.0 END,
        currency = CASE WHEN mod(lead.id, 10) > 0 THEN
            CASE WHEN mod(lead.id, 7) = 0 THEN 'USD' WHEN mod(lead.id, 11) = 0 THEN 'GBP' ELSE 'EUR' END END,
        probability = CASE WHEN mod(lead.id, 5) = 0 THEN mod(lead.id * 3, 101) END,
        type_id = types.ids[1 + mod(lead.id, 4)],
        lost_reason_id = CASE WHEN category = 'LOST' AND mod(lead.id, 9) > 0 THEN
            reasons.ids[1 + mod(lead.id, 6)] END
    FROM stretched,
        (SELECT company_id, array_agg(id) AS ids FROM leads_leadtype GROUP BY company_id) types,
        (SELECT company_id, array_agg(id) AS ids FROM leads_leadlostreason GROUP BY company_id) reasons
    WHERE stretched.id = lead.id AND types.company_id = lead.company_id
        AND reasons.company_id = lead.company_id
    """,
    "UPDATE pipelines_stage SET probability = least(90, 10 + 20 * weight)",
    """
    INSERT INTO leads_stagevisit (created_at, updated_at, company_id, lead_id, stage_id, stage_name,
        pipeline_name, entered_at, left_at, door)
    SELECT now(), now(), company_id, lead_id, stage_id, name, 'Sales', entered_at,
        lead(entered_at) OVER (PARTITION BY lead_id ORDER BY entered_at), 'graphql'
    FROM (
        SELECT lead.company_id, lead.id AS lead_id, stage.id AS stage_id, stage.name,
            lead.created_at + (row_number() OVER (PARTITION BY lead.id ORDER BY stage.weight, stage.id) - 1)
                * mod(lead.id, 17) * interval '7 hours' AS entered_at
        FROM leads_lead lead JOIN pipelines_stage own ON own.id = lead.stage_id
        JOIN pipelines_stage stage ON stage.pipeline_id = own.pipeline_id
            AND (stage.weight, stage.id) <= (own.weight, own.id) AND stage.deleted_at IS NULL
    ) visits
    """,
    """
    CREATE TEMPORARY TABLE involved AS
    SELECT lead.id AS lead_id, members.ids[1 + mod(lead.id / 25, array_length(members.ids, 1))] AS user_id
    FROM leads_lead lead JOIN (
        SELECT company_id, array_agg(user_id ORDER BY user_id) AS ids FROM crm_membership GROUP BY company_id
    ) members ON members.company_id = lead.company_id
    """,
    *(
        f"INSERT INTO {table} (created_at, updated_at, lead_id, user_id)"
        f" SELECT now(), now(), lead_id, user_id FROM involved WHERE mod(lead_id, 25) = {remainder}"
        for table, remainder in (("leads_leadparticipant", 3), ("leads_leadfollower", 8))
    ),
    "VACUUM ANALYZE",
)
