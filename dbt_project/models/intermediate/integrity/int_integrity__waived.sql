{{ config(materialized='view') }}

with findings as (

    select finding_id, former_finding_id from {{ ref('int_integrity__findings') }}

),

waivers as (

    select finding_id, waived_by, waiver_reason from {{ ref('stg_agreement__waivers') }}

),

named as (

    select findings.finding_id, waivers.waived_by, waivers.waiver_reason, 0 as preference
    from findings
    inner join waivers on findings.finding_id = waivers.finding_id

    union all

    -- A waiver that was written when the finding had another id still lifts it.
    select findings.finding_id, waivers.waived_by, waivers.waiver_reason, 1
    from findings
    inner join waivers on findings.former_finding_id = waivers.finding_id

),

final as (

    {{ first_per('named', ['finding_id'], ['preference']) }}

)

select * from final
