{{ config(materialized='view') }}

with months as (

    select month, agreement_version, is_over from {{ ref('int_trends__months') }}

),

monthly as (

    select * from {{ ref('int_trends__acceptance_monthly') }}

),

first_months as (

    select min(month) as first_month from monthly

),

-- Every month of the calendar has a row, so that the rows before it are the months before it.
counted as (

    select
        months.month,
        months.agreement_version,
        months.is_over,
        coalesce(monthly.handoffs, 0) as handoffs,
        coalesce(monthly.due, 0) as due,
        coalesce(monthly.accepted_by_person, 0) as accepted_by_person,
        coalesce(monthly.accepted_by_machine, 0) as accepted_by_machine,
        coalesce(monthly.accepted_by_unknown, 0) as accepted_by_unknown,
        coalesce(monthly.rejected, 0) as rejected,
        coalesce(monthly.ignored, 0) as ignored,
        coalesce(monthly.pending, 0) as pending
    from months
    inner join first_months on months.month >= first_months.first_month
    left join monthly on months.month = monthly.month

),

final as (

    select
        counted.*,
        cast(sum(due) over three_months as bigint) as rolling_due,
        cast(sum(accepted_by_person) over three_months as bigint) as rolling_accepted_by_person
    from counted
    window three_months as (order by month rows between 2 preceding and current row)

)

select * from final
