with handoffs as (

    select accepted_at, accepted_by_type, implicit_acceptance, team_at_offer
    from {{ ref('int_handoffs__judged') }}
    where outcome = 'accepted'

),

versions as (

    select time_zone, in_force_from, in_force_to from {{ ref('int_agreement__versions') }}

),

dated as (

    select
        handoffs.*,
        {{ local_month('handoffs.accepted_at', 'versions.time_zone') }} as month,
        coalesce('team:' || handoffs.team_at_offer, 'no_team') as team_segment
    from handoffs
    inner join versions
        on
            handoffs.accepted_at >= versions.in_force_from
            and handoffs.accepted_at < versions.in_force_to

),

final as (

    select
        dated.month,
        segments.segment,
        count(*) as accepted,
        count(*) filter (where not implicit_acceptance and accepted_by_type = 'human')
            as sal_by_person,
        count(*) filter (where not implicit_acceptance and accepted_by_type = 'automation')
            as sal_by_machine,
        count(*) filter (where not implicit_acceptance and accepted_by_type = 'unknown')
            as sal_by_unknown,
        count(*) filter (where implicit_acceptance) as sal_skipped,
        count(*) filter (where implicit_acceptance and accepted_by_type = 'human')
            as sal_skipped_by_person
    from dated
    cross join lateral (values ('all'), (dated.team_segment)) as segments (segment)
    group by dated.month, segments.segment

)

select * from final
