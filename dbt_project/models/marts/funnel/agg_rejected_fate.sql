with exits as (

    select * from {{ ref('int_waterfall__exits') }}

),

calendar as (

    select as_of, running_month from {{ ref('int_agreement__in_force') }}

),

counted as (

    select
        month,
        exit_kind,
        rejection_family,
        rejection_reason,
        count(*) as rejected,
        count(distinct lead_id) as leads,
        count(handed_over_again_at) as handed_over_again,
        count(reopened_at) as reopened,
        count(accepted_at) as accepted_later,
        count(sql_at) as sql_later,
        count(won_at) as won_later,
        count(*) filter (where is_won_through_marketing) as won_through_marketing,
        count(*) filter (where not is_won_through_marketing) as won_otherwise,
        count(lost_at) as lost_later,
        count(*) filter (where is_still_closed) as still_closed,
        count(*) filter (where is_open_now) as open_now,
        {% for moment in ['handed_over_again', 'accepted', 'sql', 'won', 'lost'] %}
        {{ median_days('exited_at', moment ~ '_at') }} as median_days_until_{{ moment }},
        {% endfor %}
        bool_or(is_open_now) as is_under_way
    from exits
    group by month, exit_kind, rejection_family, rejection_reason

),

final as (

    select
        counted.month,
        counted.exit_kind,
        counted.rejection_family,
        counted.rejection_reason,
        counted.rejected,
        counted.leads,
        counted.handed_over_again,
        counted.reopened,
        counted.accepted_later,
        counted.sql_later,
        counted.won_later,
        counted.won_through_marketing,
        counted.won_otherwise,
        counted.lost_later,
        counted.still_closed,
        counted.open_now,
        {{ share('counted.won_later', 'counted.rejected') }} as won_later_rate,
        {{ share_bound('counted.won_later', 'counted.rejected', 'low') }} as won_later_rate_low,
        {{ share_bound('counted.won_later', 'counted.rejected', 'high') }} as won_later_rate_high,
        counted.median_days_until_handed_over_again,
        counted.median_days_until_accepted,
        counted.median_days_until_sql,
        counted.median_days_until_won,
        counted.median_days_until_lost,
        counted.month < calendar.running_month and not counted.is_under_way as is_mature,
        calendar.as_of as run_as_of
    from counted
    cross join calendar

)

select * from final
