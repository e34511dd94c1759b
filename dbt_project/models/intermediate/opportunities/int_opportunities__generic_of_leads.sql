{{ config(materialized='view') }}

with records as (

    select lead_id, record_id from {{ ref('int_identity__affected_records') }}
    where source_system = 'generic'

),

-- An opportunity that any version gives to a lead of tonight; its newest tells whose it is.
opportunities_of_tonight as (

    select distinct opportunities.opportunity_id from records
    inner join {{ ref('stg_generic__opportunities') }} as opportunities
        on records.record_id = opportunities.lead_record_id

),

versions as (

    select opportunities.* from opportunities_of_tonight
    inner join {{ ref('stg_generic__opportunities') }} as opportunities
        on opportunities_of_tonight.opportunity_id = opportunities.opportunity_id

),

ranked as (

    {{ rank_versions('versions', 'opportunity_id') }}

),

final as (

    select
        records.lead_id,
        records.record_id,
        ranked.opportunity_id
    from ranked
    inner join records on ranked.lead_record_id = records.record_id
    where ranked.version_rank = 1

)

select * from final
