{{ config(materialized='view') }}

with closed_versions as (

    select * from {{ ref('int_opportunities__versions') }}
    where is_closed and closed_at is not null

),

stage_changes as (

    select * from {{ ref('int_opportunities__stage_changes') }}

),

closing_stages as (

    select source_system, value from {{ ref('stg_agreement__stage_map') }}
    where
        {{ is_deal_stage('source_system', 'object_name') }}
        and stage in ('won', 'lost')

),

closed_by_change as (

    select distinct stage_changes.source_system, stage_changes.opportunity_id
    from stage_changes
    inner join closing_stages
        on
            stage_changes.source_system = closing_stages.source_system
            and stage_changes.new_value = closing_stages.value

),

without_change as (

    select closed_versions.* from closed_versions
    left join closed_by_change
        on
            closed_versions.source_system = closed_by_change.source_system
            and closed_versions.opportunity_id = closed_by_change.opportunity_id
    where closed_by_change.opportunity_id is null

),

-- Of the versions that tell of one closing the newest speaks.
newest as (

    {{ first_per(
        'without_change', ['source_system', 'opportunity_id', 'closed_at'], ['version_rank']
    ) }}

),

final as (

    select
        lead_id,
        source_system,
        opportunity_id,
        stage_name as raw_value,
        closed_at as occurred_at,
        closed_by_id as actor_id,
        case when is_won then 'won' else 'lost' end as outcome
    from newest

)

select * from final
