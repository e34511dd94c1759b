with monthly as (

    select * from {{ ref('int_handoffs__follow_ups_monthly') }}

),

run as (

    select as_of from {{ source('build', 'build_context') }}

),

final as (

    select
        monthly.month,
        monthly.team,
        monthly.owner_id,
        monthly.tier,
        monthly.handoffs,
        monthly.handoffs_owed,
        cast(monthly.touches_needed as bigint) as touches_needed,
        cast(monthly.channels_needed as bigint) as channels_needed,
        monthly.touches,
        {{ share('monthly.touches', 'monthly.handoffs_owed') }} as mean_touches,
        monthly.median_touches,
        monthly.reached_touches,
        {{ share('monthly.reached_touches', 'monthly.handoffs_owed') }} as reached_touches_rate,
        {{ share_bound('monthly.reached_touches', 'monthly.handoffs_owed', 'low') }}
            as reached_touches_rate_low,
        {{ share_bound('monthly.reached_touches', 'monthly.handoffs_owed', 'high') }}
            as reached_touches_rate_high,
        monthly.reached_channels,
        {{ share('monthly.reached_channels', 'monthly.handoffs_owed') }} as reached_channels_rate,
        {{ share_bound('monthly.reached_channels', 'monthly.handoffs_owed', 'low') }}
            as reached_channels_rate_low,
        {{ share_bound('monthly.reached_channels', 'monthly.handoffs_owed', 'high') }}
            as reached_channels_rate_high,
        monthly.sql_by_person_before,
        monthly.touched,
        monthly.one_channel_only,
        {{ share('monthly.one_channel_only', 'monthly.touched') }} as one_channel_only_rate,
        {{ share_bound('monthly.one_channel_only', 'monthly.touched', 'low') }}
            as one_channel_only_rate_low,
        {{ share_bound('monthly.one_channel_only', 'monthly.touched', 'high') }}
            as one_channel_only_rate_high,
        monthly.dropped,
        monthly.dropped_untouched,
        monthly.dropped_on_one_channel,
        monthly.dropped_after_one_touch,
        {{ share('monthly.dropped_after_one_touch', 'monthly.dropped') }}
            as dropped_after_one_touch_rate,
        {{ share_bound('monthly.dropped_after_one_touch', 'monthly.dropped', 'low') }}
            as dropped_after_one_touch_rate_low,
        {{ share_bound('monthly.dropped_after_one_touch', 'monthly.dropped', 'high') }}
            as dropped_after_one_touch_rate_high,
        monthly.median_hours_between_touches,
        monthly.running = 0 as is_mature,
        run.as_of as run_as_of
    from monthly
    cross join run

)

select * from final
