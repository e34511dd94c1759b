{{ config(materialized='view') }}

with tails as (

    select * from {{ ref('int_integrity__acceptance_tails') }}

),

-- What is too little: sqls, or decisions; two looks cost twice the chance. A rep's sqls have to be
-- few in any case.
poor as (

    select
        tails.*,
        case when is_progress_low then p_progressed else 1 end as p_few_sqls,
        case
            when is_decided_low and (subject_type = 'pair' or is_progress_low) then p_decided
            else 1
        end as p_few_decisions
    from tails

),

-- A finding needs all of it, so the largest chance counts.
combined as (

    select
        poor.*,
        greatest(
            p_accepted,
            coalesce(p_accepted_own, 0),
            least(2 * p_few_sqls, 2 * p_few_decisions, 1)
        ) as p_value
    from poor

),

corrected as (

    {{ holm_corrected('combined', 'subject_type', 'p_value') }}

),

final as (

    select
        corrected.*,
        p_corrected <= significance and p_near_total >= significance as is_suspect
    from corrected

)

select * from final
