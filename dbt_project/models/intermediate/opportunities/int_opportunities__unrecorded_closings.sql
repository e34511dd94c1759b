{{ config(materialized='view') }}

with versions as (

    select * from {{ ref('int_opportunities__versions') }}

),

stage_changes as (

    select * from {{ ref('int_opportunities__stage_changes') }}

),

agreements as (

    select agreement_version, in_force_from, in_force_to from {{ ref('int_agreement__versions') }}

),

closing_stages as (

    select agreement_version, source_system, value from {{ ref('stg_agreement__stage_map') }}
    where
        {{ is_opportunity_object('object_name') }}
        and (stage = 'won' or stage in {{ declining_stages() }})

),

closed_versions as (

    select versions.*
    from versions
    inner join agreements
        on
            versions.closed_at >= agreements.in_force_from
            and versions.closed_at < agreements.in_force_to
    left join closing_stages
        on
            agreements.agreement_version = closing_stages.agreement_version
            and versions.source_system = closing_stages.source_system
            and versions.stage_name = closing_stages.value
    where
        versions.is_closed
        -- Of the plain route a stage that the agreement names speaks for itself.
        or (versions.source_system = 'generic' and closing_stages.value is not null)

),

closed_by_change as (

    select distinct stage_changes.source_system, stage_changes.opportunity_id
    from stage_changes
    inner join agreements
        on
            stage_changes.occurred_at >= agreements.in_force_from
            and stage_changes.occurred_at < agreements.in_force_to
    inner join closing_stages
        on
            agreements.agreement_version = closing_stages.agreement_version
            and stage_changes.source_system = closing_stages.source_system
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
        case when is_closed then case when is_won then 'won' else 'lost' end end as outcome
    from newest

)

select * from final
