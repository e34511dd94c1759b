{{ config(materialized='view') }}

with handoffs as (

    select * from {{ ref('int_handoffs__all_handoffs') }}

),

run as (

    select as_of from {{ source('build', 'build_context') }}

),

versions as (

    select agreement_version, minimum_score, minimum_attributes
    from {{ ref('int_agreement__versions') }}

),

spans as (

    select * from {{ ref('int_delivery__spans') }}

),

windows as (

    -- Touches are looked for until the last of them was promised; where nobody accepted, until the
    -- response was due.
    select
        handoffs.*,
        coalesce(
            case when handoffs.answer = 'accepted' then handoffs.touches_due_to end,
            handoffs.response_due_at,
            handoffs.offered_at
        ) as touches_to
    from handoffs

),

final as (

    -- What time alone changes, and what is not known for lack of facts.
    select
        windows.*,
        {{ handoff_outcome(
            'windows.answer', 'windows.is_expiry', 'windows.next_offered_earliest_at',
            'windows.response_due_at', 'run.as_of'
        ) }} as outcome,
        coalesce(windows.response_due_at < run.as_of, false) as is_response_due,
        case
            when
                (versions.minimum_score is null or scores.kind is not null)
                and (versions.minimum_attributes is null or attributes.kind is not null)
                then windows.meets_definition
        end as met_definition,
        case when activities.kind is not null then windows.first_touch_told_at end
            as first_touch_at,
        case when activities.kind is not null then windows.touches_told end as touches,
        case when activities.kind is not null then windows.channels_told end as channels,
        case when before_exit.kind is not null then windows.touches_told_before_exit end
            as touches_before_rejection,
        case when before_exit.kind is not null then windows.channels_told_before_exit end
            as channels_before_rejection,
        run.as_of as run_as_of
    from windows
    cross join run
    inner join versions on windows.judged_version = versions.agreement_version
    left join spans as scores
        on {{ is_delivered(
            'scores', 'scores', 'windows.judged_version', 'windows.offered_at', 'windows.offered_at'
        ) }}
    left join spans as attributes
        on {{ is_delivered(
            'attributes', 'attributes', 'windows.judged_version', 'windows.offered_at',
            'windows.offered_at'
        ) }}
    left join spans as activities
        on {{ is_delivered(
            'activities', 'activities', 'windows.judged_version', 'windows.offered_at',
            'windows.touches_to'
        ) }}
    left join spans as before_exit
        on {{ is_delivered(
            'before_exit', 'activities', 'windows.judged_version', 'windows.offered_at',
            'coalesce(windows.rejected_at, windows.sent_back_at)'
        ) }}

)

select * from final
