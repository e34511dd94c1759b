with owned as (

    -- A history that arrives before its opportunity waits for it.
    select lead_id, opportunity_id from {{ ref('int_opportunities__versions') }}
    where source_system = 'salesforce' and version_rank = 1

),

stage_fields as (

    select distinct history_name from {{ ref('stg_agreement__stage_map') }}
    where source_system = 'salesforce' and {{ is_opportunity_object('object_name') }}

),

run as (

    select as_of from {{ source('build', 'build_context') }}

),

field_histories as (

    select
        owned.lead_id,
        histories.*
    from {{ ref('stg_salesforce__opportunity_field_histories') }} as histories
    inner join owned on histories.opportunity_id = owned.opportunity_id
    inner join stage_fields on histories.field_name = stage_fields.history_name

),

ranked_field_histories as (

    {{ rank_versions('field_histories', 'change_id') }}

),

stage_rows as (

    select
        owned.lead_id,
        histories.*
    from {{ ref('stg_salesforce__opportunity_histories') }} as histories
    inner join owned on histories.opportunity_id = owned.opportunity_id

),

ranked_stage_rows as (

    {{ rank_versions('stage_rows', 'change_id') }}

),

stage_steps as (

    -- One row per stage set, also where only the amount changed: a stage that stays is no change.
    select
        ranked_stage_rows.*,
        lag(stage_name) over (
            partition by opportunity_id order by occurred_at, {{ bytewise('change_id') }}
        ) as previous_stage_name
    from ranked_stage_rows
    where version_rank = 1

),

changes as (

    select
        lead_id, 'salesforce' as source_system, opportunity_id, change_id, old_value, new_value,
        occurred_at, actor_id, 'salesforce.OpportunityFieldHistory.CreatedDate' as time_column
    from ranked_field_histories
    where version_rank = 1

    union all

    select
        lead_id, 'salesforce', opportunity_id, change_id, previous_stage_name, stage_name,
        occurred_at, actor_id, 'salesforce.OpportunityHistory.CreatedDate'
    from stage_steps
    where
        previous_stage_name is distinct from stage_name
        and opportunity_id not in (select field_histories.opportunity_id from field_histories)

    union all

    select
        lead_id, 'hubspot', opportunity_id, change_id, old_value, new_value, occurred_at,
        actor_id, 'hubspot.deal_property_history.timestamp'
    from {{ ref('int_opportunities__hubspot_stage_changes') }}

),

final as (

    select changes.*
    from changes
    cross join run
    where changes.occurred_at < run.as_of

)

select * from final
