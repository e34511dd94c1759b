with losses as (

    select * from {{ ref('int_waterfall__losses') }}

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
        loss_reason,
        count(*) as lost_later,
        count(distinct lead_id) as leads,
        {{ median_days('exited_at', 'lost_at') }} as median_days_until_lost,
        bool_or(is_open_now) as is_under_way
    from losses
    group by month, exit_kind, rejection_family, rejection_reason, loss_reason

),

final as (

    select
        counted.month,
        counted.exit_kind,
        counted.rejection_family,
        counted.rejection_reason,
        counted.loss_reason,
        counted.lost_later,
        counted.leads,
        counted.median_days_until_lost,
        counted.month < calendar.running_month and not counted.is_under_way as is_mature,
        calendar.as_of as run_as_of
    from counted
    cross join calendar

)

select * from final
