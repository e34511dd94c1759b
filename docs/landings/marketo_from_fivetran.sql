-- Marketo as Fivetran lands it, in the shape of raw_marketo: one table of activities in place of one a
-- type, with the attributes of a type as one document. Put your schema in place of fivetran_marketo, run
-- it once in the warehouse, and point the setting at the schema made here:
-- Airbyte names the tables leads and activities_<type>, the id marketoguid, the rest without underscores.
--   HANDOFF_ELT_LANDINGS='{"marketo": {"schema": "marketo_landed", "without": ["activity_types"]}}'
create schema marketo_landed;

create view marketo_landed.leads as
select * from fivetran_marketo.lead;

create view marketo_landed.activities as
select
    id as marketo_guid, lead_id, activity_date, activity_type_id, campaign_id,
    primary_attribute_value_id, primary_attribute_value,
    jsonb_build_object(
        'Old Value', old_value, 'New Value', new_value, 'Reason', reason,
        'Modifying User', modifying_user
    ) as attributes
from fivetran_marketo.activity_change_data_value

union all

select
    id, lead_id, activity_date, activity_type_id, campaign_id,
    primary_attribute_value_id, primary_attribute_value,
    jsonb_build_object('Old Value', old_value, 'New Value', new_value, 'Reason', reason)
from fivetran_marketo.activity_change_score

union all

select
    id, lead_id, activity_date, activity_type_id, campaign_id,
    primary_attribute_value_id, primary_attribute_value,
    jsonb_build_object('Merge IDs', merge_ids)
from fivetran_marketo.activity_merge_leads

union all

select
    id, lead_id, activity_date, activity_type_id, campaign_id,
    primary_attribute_value_id, primary_attribute_value, '{}'::jsonb
from fivetran_marketo.activity_delete_lead;

grant usage on schema marketo_landed to handoff_transformer;
grant select on all tables in schema marketo_landed to handoff_transformer;
