{{ config(indexes=[{'columns': ['lead_id']}]) }}

with records as (

    select lead_id, source_system, record_id, is_survivor
    from {{ ref('int_identity__affected_records') }}

),

tracked as (

    select source_system, history_name, is_owner from {{ ref('int_fields__tracked') }}

),

run as (

    select as_of from {{ source('build', 'build_context') }}

),

changes as (

    select
        'salesforce' as source_system, change_id, lead_record_id, field_name, old_value, new_value,
        occurred_at,
        occurred_at as recorded_at,
        actor_id,
        cast(null as {{ type_text() }}) as campaign,
        cast(null as {{ type_text() }}) as reason,
        version_stamp, version_night, record
    from {{ ref('stg_salesforce__lead_histories') }}

    union all

    -- 13 Change Data Value and 22 Change Score; the reason names the smart campaign that did it.
    select
        'marketo', activity_id, lead_record_id, primary_attribute_value,
        {{ json_text('attributes', "'Old Value'") }}, {{ json_text('attributes', "'New Value'") }},
        occurred_at, occurred_at, {{ json_text('attributes', "'Modifying User'") }}, campaign_id,
        {{ json_text('attributes', "'Reason'") }},
        version_stamp, version_night, record
    from {{ ref('stg_marketo__activities') }}
    where activity_type_id in (13, 22)

    union all

    select
        'generic', change_id, lead_record_id, field_name, old_value, new_value,
        occurred_at, recorded_at, actor_id, null, reason,
        version_stamp, version_night, record
    from {{ ref('stg_generic__lead_events') }}

),

of_affected_leads as (

    select
        records.lead_id,
        records.is_survivor,
        tracked.is_owner,
        changes.*
    from changes
    inner join records
        on
            changes.source_system = records.source_system
            and changes.lead_record_id = records.record_id
    inner join tracked
        on
            changes.source_system = tracked.source_system
            and changes.field_name = tracked.history_name

),

ranked as (

    {{ rank_versions('of_affected_leads', 'source_system, change_id') }}

),

final as (

    select
        ranked.lead_id,
        ranked.is_survivor,
        ranked.source_system,
        ranked.lead_record_id as record_id,
        ranked.field_name,
        ranked.change_id,
        case
            when ranked.is_owner then {{ salesforce_id('ranked.old_value') }}
            else ranked.old_value
        end as old_value,
        case
            when ranked.is_owner then {{ salesforce_id('ranked.new_value') }}
            else ranked.new_value
        end as new_value,
        ranked.occurred_at,
        ranked.recorded_at,
        ranked.actor_id,
        ranked.campaign,
        ranked.reason
    from ranked
    cross join run
    where
        ranked.version_rank = 1
        and ranked.occurred_at < run.as_of
        -- Salesforce writes a change of owner twice, by name and by id: the ids are the history.
        and not (
            ranked.is_owner
            and ranked.source_system = 'salesforce'
            and not {{ matches(
                "coalesce(ranked.new_value, ranked.old_value, '')",
                '^00[5G][A-Za-z0-9]{12}([A-Za-z0-9]{3})?$'
            ) }}
        )

)

select * from final
