{{ config(
    materialized='incremental',
    incremental_strategy='append',
    indexes=[{'columns': ['lead_id'], 'unique': true}],
    pre_hook="{{ forget_affected_leads() }}"
) }}

with records as (

    select * from {{ ref('int_identity__affected_records') }}

),

described as (

    select * from {{ ref('int_leads__descriptions') }}

),

moves as (

    select lead_id, transition_number, to_stage, journey_number, entered_at, latest_at
    from {{ ref('int_transitions__moves') }}

),

last_moves as (

    {{ first_per('moves', ['lead_id'], ['transition_number desc']) }}

),

owners as (

    select lead_id, owner_id from {{ ref('int_fields__owner_spans') }}
    where to_at = {{ end_of_time() }}

),

rolled_up as (

    select
        records.lead_id,
        max(records.record_id) filter (
            where records.source_system = 'salesforce' and records.is_survivor
        ) as salesforce_lead_id,
        max(records.record_id) filter (
            where records.source_system = 'marketo' and records.is_survivor
        ) as marketo_lead_id,
        max(records.record_id) filter (
            where records.source_system = 'hubspot' and records.is_survivor
        ) as hubspot_contact_id,
        max(records.record_id) filter (
            where records.source_system = 'generic' and records.is_survivor
        ) as generic_lead_id,
        min(records.created_at) as created_at,
        -- The lead is gone when no system holds a live record of it.
        bool_and(records.is_deleted or records.merged_into_id is not null) as is_deleted,
        count(*) filter (where records.merged_into_id is not null) as merged_count
    from records
    group by records.lead_id

),

final as (

    select
        rolled_up.lead_id,
        rolled_up.salesforce_lead_id,
        rolled_up.marketo_lead_id,
        rolled_up.hubspot_contact_id,
        rolled_up.generic_lead_id,
        company.value as company,
        lead_source.value as lead_source,
        rolled_up.created_at,
        last_moves.to_stage as current_stage,
        last_moves.entered_at as current_stage_entered_at,
        last_moves.latest_at as current_stage_entered_latest_at,
        owners.owner_id as current_owner_id,
        last_moves.journey_number,
        rolled_up.is_deleted,
        rolled_up.merged_count
    from rolled_up
    left join
        described as company
        on rolled_up.lead_id = company.lead_id and company.role = 'company'
    left join described as lead_source
        on rolled_up.lead_id = lead_source.lead_id and lead_source.role = 'lead_source'
    left join last_moves on rolled_up.lead_id = last_moves.lead_id
    left join owners on rolled_up.lead_id = owners.lead_id

)

select * from final
