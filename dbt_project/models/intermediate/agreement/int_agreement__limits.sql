with versions as (

    select agreement_version from {{ ref('int_agreement__versions') }}

),

in_force as (

    select agreement_version from {{ ref('int_agreement__in_force') }}

),

thresholds as (

    select * from {{ ref('stg_agreement__thresholds') }}

),

final as (

    select
        versions.agreement_version,
        -- What is judged of the company or a source as a whole takes the row in force at as_of.
        bool_or(in_force.agreement_version is not null) as is_in_force,
        -- From when a kind of fact counts as delivered (ruling 113), and when it is thin (113b).
        {{ limit('delivery', 'valued_records', 10, 'bigint') }} as delivered_after_records,
        {{ limit('delivery', 'named_actors', 10, 'bigint') }} as delivered_after_actors,
        {{ limit('delivery', 'activities', 10, 'bigint') }} as delivered_after_activities,
        {{ limit('delivery', 'activities_within_days', 30) }} as activities_within_days,
        {{ limit('delivery', 'thin_handoffs', 20, 'bigint') }} as thin_from_handoffs,
        {{ limit('delivery', 'thin_share', 0.15) }} as thin_below_share,
        -- When a stream or a column counts as stopped (ruling 118).
        {{ limit('delivery', 'pause_days', 4) }} as stopped_after_days,
        {{ limit('delivery', 'pause_factor', 2) }} as stopped_after_pauses,
        {{ limit('delivery', 'pause_window_days', 90) }} as pauses_of_days,
        {{ limit('delivery', 'working_days_before', 10, 'bigint') }} as working_days_before_pause,
        {{ limit('delivery', 'parent_versions', 50, 'bigint') }} as parent_versions_meanwhile,
        {{ limit('delivery', 'filled_nights', 10, 'bigint') }} as filled_nights_before,
        {{ limit('delivery', 'filled_share', 0.5) }} as filled_share_before,
        {{ limit('delivery', 'blank_versions', 50, 'bigint') }} as blank_versions_since,
        -- When a column's one time of day is no time of day (ruling 119).
        {{ limit('time_of_day', 'share', 0.9) }} as one_time_of_day_share,
        {{ limit('time_of_day', 'rows', 20, 'bigint') }} as one_time_of_day_rows,
        {{ limit('time_of_day', 'days', 10, 'bigint') }} as one_time_of_day_days,
        -- What speaks for a machine behind a silent promotion; which days are timers (ruling 120).
        {{ limit('silent_auto_promotion', 'tolerance_days', 1) }} as promotion_tolerance_days,
        {{ limit('silent_auto_promotion', 'batch_size', 5, 'bigint') }} as promotion_batch_size,
        {{ limit('silent_auto_promotion', 'minimum_moves', 10, 'bigint') }} as timer_minimum_moves,
        {{ limit('silent_auto_promotion', 'excess', 1.5) }} as timer_excess,
        {{ limit('silent_auto_promotion', 'significance', 0.05) }} as timer_significance
    from versions
    left join in_force on versions.agreement_version = in_force.agreement_version
    left join thresholds on versions.agreement_version = thresholds.agreement_version
    group by versions.agreement_version

)

select * from final
