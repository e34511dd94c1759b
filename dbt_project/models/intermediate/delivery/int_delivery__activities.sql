with touches as (

    select occurred_at, touch_id from {{ ref('int_touches__all_touches') }}
    where user_id is not null

),

limits as (

    select delivered_after_activities, activities_within_days
    from {{ ref('int_agreement__limits') }}
    where is_in_force

),

numbered as (

    select
        occurred_at,
        row_number() over (order by occurred_at, {{ bytewise('touch_id') }}) as touch_number
    from touches

),

-- The last of the first so many that lie within so many days.
final as (

    select min(last_one.occurred_at) as delivered_from
    from numbered as first_one
    cross join limits
    inner join numbered as last_one
        on
            first_one.touch_number + limits.delivered_after_activities - 1 = last_one.touch_number
            and {{ seconds_between('first_one.occurred_at', 'last_one.occurred_at') }}
            <= limits.activities_within_days * 86400

)

select * from final
