with pairs as (

    select * from {{ ref('int_integrity__acceptance_tests') }}
    where subject_type = 'pair' and is_suspect

),

in_force as (

    select agreement_version from {{ ref('int_agreement__in_force') }}

),

people as (

    select people.user_id, people.team
    from {{ ref('int_integrity__salespeople') }} as people
    inner join in_force on people.agreement_version = in_force.agreement_version

),

final as (

    select
        'collusive_pair' as rule,
        'pair' as subject_type,
        pairs.subject_id,
        pairs.rep_id as owner_id,
        people.team,
        pairs.last_offered_at as occurred_at,
        {{ grade(acceptance_signals()) }} as grade,
        {{ acceptance_evidence() }} as evidence,
        'Of the ' || pairs.handoffs || ' handoffs that came from the BDR ' || pairs.bdr_id
        || ' the rep ' || pairs.rep_id || ' accepted ' || pairs.accepted
        || ' (others ' || (pairs.all_accepted - pairs.accepted) || ' of '
        || (pairs.all_handoffs - pairs.handoffs) || '); of ' || pairs.progress_due
        || ' whose decision is due a person decided ' || pairs.decided || ' in time and '
        || pairs.progressed || ' became sql (others ' || (pairs.all_decided - pairs.decided)
        || ' and ' || (pairs.all_progressed - pairs.progressed) || ' of '
        || (pairs.all_progress_due - pairs.progress_due) || ').' as message
    from pairs
    left join people on pairs.rep_id = people.user_id

)

select * from final
