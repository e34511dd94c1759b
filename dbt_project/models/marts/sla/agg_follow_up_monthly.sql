with monthly as (

    select
        follow_ups.*,
        follow_ups.touches_judged > 0 or follow_ups.handoffs_owed = 0 as is_known,
        follow_ups.dropped_judged > 0 or follow_ups.dropped = 0 as is_drop_known
    from {{ ref('int_handoffs__follow_ups_monthly') }} as follow_ups

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
        monthly.handoffs_owed - monthly.touches_judged as touches_unknown,
        cast(monthly.touches_needed as bigint) as touches_needed,
        cast(monthly.channels_needed as bigint) as channels_needed,
        case when monthly.is_known then monthly.touches end as touches,
        {{ share('monthly.touches', 'monthly.touches_judged') }} as mean_touches,
        monthly.median_touches,
        case when monthly.is_known then monthly.reached_touches end as reached_touches,
        {{ share('monthly.reached_touches', 'monthly.touches_judged') }} as reached_touches_rate,
        {{ share_bound('monthly.reached_touches', 'monthly.touches_judged', 'low') }}
            as reached_touches_rate_low,
        {{ share_bound('monthly.reached_touches', 'monthly.touches_judged', 'high') }}
            as reached_touches_rate_high,
        case when monthly.is_known then monthly.reached_channels end as reached_channels,
        {{ share('monthly.reached_channels', 'monthly.touches_judged') }} as reached_channels_rate,
        {{ share_bound('monthly.reached_channels', 'monthly.touches_judged', 'low') }}
            as reached_channels_rate_low,
        {{ share_bound('monthly.reached_channels', 'monthly.touches_judged', 'high') }}
            as reached_channels_rate_high,
        case when monthly.is_known then monthly.sql_by_person_before end as sql_by_person_before,
        case when monthly.is_known then monthly.touched end as touched,
        case when monthly.is_known then monthly.one_channel_only end as one_channel_only,
        {{ share('monthly.one_channel_only', 'monthly.touched') }} as one_channel_only_rate,
        {{ share_bound('monthly.one_channel_only', 'monthly.touched', 'low') }}
            as one_channel_only_rate_low,
        {{ share_bound('monthly.one_channel_only', 'monthly.touched', 'high') }}
            as one_channel_only_rate_high,
        monthly.dropped,
        monthly.dropped - monthly.dropped_judged as dropped_touches_unknown,
        case when monthly.is_drop_known then monthly.dropped_untouched end as dropped_untouched,
        case when monthly.is_drop_known then monthly.dropped_on_one_channel end
            as dropped_on_one_channel,
        case when monthly.is_drop_known then monthly.dropped_after_one_touch end
            as dropped_after_one_touch,
        {{ share('monthly.dropped_after_one_touch', 'monthly.dropped_judged') }}
            as dropped_after_one_touch_rate,
        {{ share_bound('monthly.dropped_after_one_touch', 'monthly.dropped_judged', 'low') }}
            as dropped_after_one_touch_rate_low,
        {{ share_bound('monthly.dropped_after_one_touch', 'monthly.dropped_judged', 'high') }}
            as dropped_after_one_touch_rate_high,
        monthly.median_hours_between_touches,
        monthly.running = 0 as is_mature,
        run.as_of as run_as_of
    from monthly
    cross join run

)

select * from final
