with acceptances as (

    select
        quick.*,
        {{ threshold('rubber_stamp', 'accepted_within_seconds', 'quick.judged_version', 60) }}
            as within_seconds,
        {{ threshold('rubber_stamp', 'batch_size', 'quick.judged_version', 10) }} as batch_size
    from {{ ref('int_integrity__quick_acceptances') }} as quick
    where quick.is_unread

),

reps as (

    select * from {{ ref('int_integrity__acceptance_tests') }}
    where subject_type = 'rep' and is_suspect

),

in_force as (

    select agreement_version from {{ ref('int_agreement__in_force') }}

),

people as (

    select people.user_id, people.team
    from {{ ref('int_integrity__salespeople') }} as people
    inner join in_force on people.agreement_version = in_force.agreement_version

),

stamped as (

    -- Quick, or one of many; that nobody has touched the lead to this day is one more signal.
    select
        acceptances.*,
        coalesce(seconds_to_accept <= within_seconds, false) as is_fast,
        in_batch >= batch_size as is_batch,
        first_touch_at is null as is_untouched
    from acceptances
    where seconds_to_accept <= within_seconds or in_batch >= batch_size

),

by_handoff as (

    select
        'rubber_stamp' as rule,
        'handoff' as subject_type,
        handoff_id as subject_id,
        lead_id,
        handoff_id,
        cast(null as {{ type_text() }}) as owner_id,
        cast(null as {{ type_text() }}) as team,
        accepted_at as occurred_at,
        {{ grade(how_many(['is_fast', 'is_batch', 'is_untouched'])) }} as grade,
        {{ json_object({
            'accepted_at': iso_utc('accepted_at'),
            'accepted_by_id': 'accepted_by_id',
            'reached_at': iso_utc('reached_at'),
            'seconds_to_accept': 'seconds_to_accept',
            'in_batch': 'in_batch',
            'touch_due_at': iso_utc('touch_due_at'),
            'first_touch_at': iso_utc('first_touch_at'),
        }) }} as evidence,
        'Accepted at ' || {{ readable('accepted_at') }} || {{ by_whom('accepted_by_id') }}
        || case
            when is_fast then ', ' || round(seconds_to_accept) || ' seconds after it came' else ''
        end
        || case when is_batch then ', with ' || (in_batch - 1) || ' others at once' else '' end
        || ', and not touched by ' || {{ readable('touch_due_at') }} || '.' as message
    from stamped

),

by_rep as (

    select
        'rubber_stamp',
        'rep',
        reps.subject_id,
        cast(null as {{ type_text() }}),
        cast(null as {{ type_text() }}),
        reps.rep_id,
        people.team,
        reps.last_offered_at,
        {{ grade(acceptance_signals()) }},
        {{ acceptance_evidence() }},
        reps.rep_id || ' accepted ' || reps.accepted || ' of ' || reps.handoffs || ' handoffs'
        || ' (others ' || (reps.all_accepted - reps.accepted)
        || ' of ' || (reps.all_handoffs - reps.handoffs)
        || '); of ' || reps.progress_due || ' whose decision is due ' || reps.progressed
        || ' became sql by a person''s work (others '
        || (reps.all_progressed - reps.progressed) || ' of '
        || (reps.all_progress_due - reps.progress_due) || ').'
    from reps
    left join people on reps.rep_id = people.user_id

),

final as (

    select * from by_handoff
    union all
    select * from by_rep

)

select * from final
