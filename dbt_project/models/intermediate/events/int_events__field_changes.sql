{{ config(indexes=[{'columns': ['lead_id']}]) }}
{%- set owner_id = '^00[5G][A-Za-z0-9]{12}([A-Za-z0-9]{3})?$' %}

with records as (

    select lead_id, source_system, record_id, is_survivor
    from {{ ref('int_identity__affected_records') }}

),

run as (

    select as_of from {{ source('build', 'build_context') }}

),

-- Each system's own rows are joined to the leads, so that an index of the landed table finds them.
changes as (

    select
        records.lead_id, records.is_survivor, 'salesforce' as source_system, changes.change_id,
        changes.lead_record_id, changes.field_name, changes.old_value, changes.new_value,
        changes.occurred_at, changes.occurred_at as recorded_at, changes.actor_id,
        cast(null as {{ type_text() }}) as campaign, cast(null as {{ type_text() }}) as reason,
        changes.version_stamp, changes.version_night, changes.record
    from records
    inner join {{ ref('stg_salesforce__lead_histories') }} as changes
        on records.source_system = 'salesforce' and records.record_id = changes.lead_record_id

    union all

    -- 13 Change Data Value and 22 Change Score; the reason names the smart campaign that did it.
    select
        records.lead_id, records.is_survivor, 'marketo', changes.activity_id,
        changes.lead_record_id, changes.primary_attribute_value,
        {{ json_text('changes.attributes', "'Old Value'") }},
        {{ json_text('changes.attributes', "'New Value'") }},
        changes.occurred_at, changes.occurred_at,
        {{ json_text('changes.attributes', "'Modifying User'") }}, changes.campaign_id,
        {{ json_text('changes.attributes', "'Reason'") }},
        changes.version_stamp, changes.version_night, changes.record
    from records
    inner join {{ ref('stg_marketo__activities') }} as changes
        on records.source_system = 'marketo' and records.record_id = changes.lead_record_id
    where changes.activity_type_id in (13, 22)

    union all

    select
        records.lead_id, records.is_survivor, 'generic', changes.change_id,
        changes.lead_record_id, changes.field_name, changes.old_value, changes.new_value,
        changes.occurred_at, changes.recorded_at, changes.actor_id, null, changes.reason,
        changes.version_stamp, changes.version_night, changes.record
    from records
    inner join {{ ref('stg_generic__lead_events') }} as changes
        on records.source_system = 'generic' and records.record_id = changes.lead_record_id

    union all

    select
        lead_id, is_survivor, 'hubspot', change_id, lead_record_id, field_name, old_value,
        new_value, occurred_at, occurred_at, actor_id, campaign, reason,
        version_stamp, version_night, record
    from {{ ref('int_events__hubspot_changes') }}

),

of_tracked_fields as (

    select tracked.is_owner, changes.* from changes
    inner join {{ ref('int_fields__tracked') }} as tracked
        on
            changes.source_system = tracked.source_system
            and changes.field_name = tracked.history_name

),

ranked as (

    {{ rank_versions('of_tracked_fields', 'source_system, change_id') }}

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
            when ranked.is_owner then {{ salesforce_id('ranked.old_value') }} else ranked.old_value
        end as old_value,
        case
            when ranked.is_owner then {{ salesforce_id('ranked.new_value') }} else ranked.new_value
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
            and not {{ matches("coalesce(ranked.new_value, ranked.old_value, '')", owner_id) }}
        )

)

select * from final
