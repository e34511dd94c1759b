with members as (

    select roster.team, calendars.time_zone, count(distinct roster.user_id) as members
    from {{ ref('int_agreement__in_force') }} as in_force
    inner join {{ ref('stg_agreement__roster') }} as roster
        on in_force.agreement_version = roster.agreement_version
    inner join {{ ref('stg_agreement__calendars') }} as calendars
        on
            roster.agreement_version = calendars.agreement_version
            and coalesce(roster.calendar, in_force.default_calendar) = calendars.calendar
    where roster.team is not null
    group by roster.team, calendars.time_zone

),

-- A team that works in several zones reads in that of most of its people.
first_zones as (

    {{ first_per('members', ['team'], ['members desc', bytewise('time_zone')]) }}

),

final as (

    select team, time_zone from first_zones

)

select * from final
