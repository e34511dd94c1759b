with changes as (

    select * from {{ ref('int_sources__all_changes') }}

),

run as (

    select * from {{ source('build', 'build_context') }}

),

sources as (

    select source_system, is_required from {{ ref('stg_agreement__sources') }}

),

-- The whole source is a unit of its own, beside each of its objects.
units as (

    select
        changes.source_system as source, changes.object_name as unit,
        changes.change_day as day, changes.newest_stamp
    from changes
    inner join sources on changes.source_system = sources.source_system

    union all

    select
        sources.source_system, 'all', changes.change_day, changes.newest_stamp
    from sources
    left join changes on sources.source_system = changes.source_system

),

remembered as (

    select units.source, units.unit, units.day from units
    cross join run
    where units.newest_stamp
        >= {{ add_days('run.as_of', '-' ~ freshness_memory_days()) }}

),

rhythms as (

    {{ freshness_rhythms('remembered') }}

),

newest as (

    select
        source,
        unit,
        max(newest_stamp) as newest_change_at
    from units
    group by source, unit

),

judged as (

    select
        newest.*,
        coalesce(rhythms.days_with_changes, 0) as days_with_changes,
        rhythms.longest_pause,
        {{ local_date('run.as_of', "'UTC'") }}
        - {{ local_date('newest.newest_change_at', "'UTC'") }} as days_old,
        cast(
            {{ stale_after_days('rhythms', freshness_days('newest.source')) }}
            as numeric
        ) as stale_after_days
    from newest
    cross join run
    left join rhythms on newest.source = rhythms.source and newest.unit = rhythms.unit

),

final as (

    -- What never came is missed where it is required.
    select
        judged.source as source_system,
        judged.unit as object_name,
        sources.is_required,
        judged.newest_change_at,
        judged.days_old,
        judged.days_with_changes,
        judged.longest_pause as longest_pause_days,
        judged.stale_after_days,
        case
            when judged.newest_change_at is null then sources.is_required
            else coalesce(judged.days_old > judged.stale_after_days, false)
        end as is_stale,
        run.as_of as run_as_of
    from judged
    cross join run
    inner join sources on judged.source = sources.source_system

)

select * from final
