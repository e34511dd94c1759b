{{ config(materialized='view') }}

with rejected as (

    select * from {{ ref('int_integrity__rejected_handoffs') }}

),

spans as (

    select * from {{ ref('int_delivery__spans') }}

),

final as (

    -- Where reasons do not come in, a rejection may have had one.
    select rejected.*
    from rejected
    inner join spans
        on {{ is_delivered(
            'spans', 'reasons', 'rejected.judged_version', 'rejected.offered_at',
            'rejected.rejection_at'
        ) }}

)

select * from final
