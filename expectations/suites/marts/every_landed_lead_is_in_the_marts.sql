{% import "shared/night.sql" as shared %}
-- Counted from the landed tables, past all models. Rows dated at or after as_of wait; a stamp taken
-- from the folder's date says nothing about when, so such rows do not wait.
with
sources as (
    select known.source
    from jsonb_to_recordset(current_setting('judging.sources')::jsonb) as known (source text)
),

landed as (
    {% for table in landed_tables if table.has_leads %}
    select
        {{ table.source }} as source,
        -- Salesforce ids come in 15 and in 18 characters; the first 15 are the id.
        case when {{ table.source }} = 'salesforce' then left(lead._key, 15) else lead._key end
            as source_id,
        lead._stamp,
        lead._stamp_from_folder
    from {{ table.relation }} as lead
    where lead._first_night <= {{ shared.night() }}
    {{ "union all" if not loop.last }}
    {% endfor %}
),

due as (
    select distinct landed.source, landed.source_id
    from landed
    inner join sources on sources.source = landed.source
    where landed._stamp < {{ shared.as_of() }} or landed._stamp_from_folder
),

known as (
    select
        source_system as source,
        case when source_system = 'salesforce' then left(source_id, 15) else source_id end
            as source_id
    from bridge_lead_ids
)

select due.source, due.source_id
from due
left join known on known.source = due.source and known.source_id = due.source_id
where known.source_id is null
