{{ config(
    materialized='incremental',
    incremental_strategy='append',
    indexes=[{'columns': ['source_system', 'opportunity_id'], 'unique': true}],
    pre_hook="{{ forget(
        'int_identity__changed_rows',
        \"news.kind = 'opportunity' and kept.source_system = news.source_system and kept.opportunity_id = news.record_id\"
    ) }}"
) }}

with changed as (

    select source_system, record_id from {{ ref('int_identity__changed_rows') }}
    where kind = 'opportunity'

),

versions as (

    select
        'salesforce' as source_system,
        opportunities.opportunity_id,
        opportunities.is_deleted,
        opportunities.created_at,
        opportunities.amount,
        opportunities.currency,
        opportunities.version_stamp,
        opportunities.version_night,
        opportunities.record
    from {{ ref('stg_salesforce__opportunities') }} as opportunities
    inner join changed
        on
            changed.source_system = 'salesforce'
            and opportunities.opportunity_id = changed.record_id

    union all

    select
        'generic',
        opportunities.opportunity_id,
        false,
        opportunities.created_at,
        opportunities.amount,
        opportunities.currency,
        opportunities.version_stamp,
        opportunities.version_night,
        opportunities.record
    from {{ ref('stg_generic__opportunities') }} as opportunities
    inner join changed
        on changed.source_system = 'generic' and opportunities.opportunity_id = changed.record_id

),

ranked as (

    {{ rank_versions('versions', 'source_system, opportunity_id') }}

),

final as (

    select
        source_system,
        opportunity_id,
        created_at,
        amount,
        currency
    from ranked
    where version_rank = 1 and not is_deleted

)

select * from final
