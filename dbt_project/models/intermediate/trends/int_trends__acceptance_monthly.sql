with handoffs as (

    select * from {{ ref('int_handoffs__judged') }}

),

versions as (

    select time_zone, in_force_from, in_force_to from {{ ref('int_agreement__versions') }}

),

dated as (

    select
        handoffs.*,
        {{ local_month('handoffs.offered_at', 'versions.time_zone') }} as month,
        handoffs.is_response_due and handoffs.outcome <> 'withdrawn' as is_due
    from handoffs
    inner join versions
        on
            handoffs.offered_at >= versions.in_force_from
            and handoffs.offered_at < versions.in_force_to

),

final as (

    select
        month,
        count(*) as handoffs,
        count(*) filter (where is_due) as due,
        count(*) filter (where is_due and accepted_by_type = 'human') as accepted_by_person,
        count(*) filter (where is_due and accepted_by_type = 'automation') as accepted_by_machine,
        count(*) filter (where is_due and accepted_by_type = 'unknown') as accepted_by_unknown,
        count(*) filter (where is_due and outcome = 'rejected') as rejected,
        count(*) filter (where is_due and outcome = 'ignored') as ignored,
        count(*) filter (where outcome = 'pending') as pending
    from dated
    group by month

)

select * from final
