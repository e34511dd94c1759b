with versions as (

    select * from {{ ref('int_opportunities__versions') }}

),

stage_changes as (

    select * from {{ ref('int_opportunities__stage_changes') }}

),

agreements as (

    select agreement_version, in_force_from, in_force_to from {{ ref('int_agreement__versions') }}

),

stage_map as (

    select * from {{ ref('stg_agreement__stage_map') }}
    where lower(object_name) = 'opportunity'

),

run as (

    select as_of from {{ source('build', 'build_context') }}

),

is_history_delivered as (

    select
        exists (select 1 from {{ ref('stg_salesforce__opportunity_field_histories') }})
        or exists (select 1 from {{ ref('stg_salesforce__opportunity_histories') }}) as is_delivered

),

from_changes as (

    select
        lead_id, 'salesforce' as source_system, opportunity_id, change_id as source_event_id,
        old_value, new_value as raw_value, occurred_at, actor_id, null::text as outcome
    from stage_changes

),

-- A closing that left no change row: an opportunity created closed, or a source without history.
without_change as (

    select
        versions.lead_id,
        versions.source_system,
        versions.opportunity_id,
        versions.stage_name as raw_value,
        case
            when is_history_delivered.is_delivered then versions.created_at
            else coalesce(versions.closed_at, versions.version_stamp)
        end as occurred_at,
        case when is_history_delivered.is_delivered then versions.created_by_id end as actor_id,
        null::text as outcome
    from versions
    cross join is_history_delivered
    where
        versions.source_system = 'salesforce'
        and versions.version_rank = 1
        and versions.is_closed
        and versions.opportunity_id not in (select stage_changes.opportunity_id from stage_changes)

),

-- Each landed version of a generic opportunity that is closed gives its closing.
generic_closings as (

    select distinct on (opportunity_id, coalesce(closed_at, version_stamp))
        lead_id,
        source_system,
        opportunity_id,
        stage_name as raw_value,
        coalesce(closed_at, version_stamp) as occurred_at,
        closed_by_id as actor_id,
        case when is_won then 'won' else 'lost' end as outcome
    from versions
    where source_system = 'generic' and is_closed
    order by opportunity_id, coalesce(closed_at, version_stamp), version_rank

),

closings as (

    select * from from_changes

    union all

    select
        lead_id,
        source_system,
        opportunity_id,
        case source_system when 'salesforce' then 'Opportunity:' else 'opportunities:' end
        || opportunity_id || ':closed:' || {{ iso_utc('occurred_at') }},
        null::text,
        raw_value,
        occurred_at,
        actor_id,
        outcome
    from (select * from without_change union all select * from generic_closings) as unrecorded

),

final as (

    select
        closings.lead_id,
        closings.source_system,
        closings.opportunity_id,
        closings.source_event_id,
        closings.old_value,
        closings.raw_value,
        coalesce(closings.outcome, stage_map.stage) as mapped_stage,
        coalesce(stage_map.is_authority, true) as is_authority,
        agreements.agreement_version,
        closings.occurred_at,
        {{ to_second('closings.occurred_at') }} as occurred_second,
        closings.actor_id
    from closings
    cross join run
    inner join agreements
        on
            closings.occurred_at >= agreements.in_force_from
            and closings.occurred_at < agreements.in_force_to
    left join stage_map
        on
            agreements.agreement_version = stage_map.agreement_version
            and closings.source_system = stage_map.source_system
            and closings.raw_value = stage_map.value
    where closings.occurred_at < run.as_of

)

select * from final
