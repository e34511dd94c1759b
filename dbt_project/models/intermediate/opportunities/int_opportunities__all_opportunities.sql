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

fields as (

    select agreement_version, source_system, landed_column from {{ ref('stg_agreement__fields') }}
    where role = 'loss_reason' and {{ is_opportunity_object('object_name') }}

),

agreements as (

    select agreement_version, in_force_from from {{ ref('int_agreement__versions') }}

),

versions as (

    select
        'salesforce' as source_system, opportunities.opportunity_id, opportunities.is_deleted,
        opportunities.created_at, opportunities.amount, opportunities.currency,
        opportunities.owner_id,
        opportunities.version_stamp, opportunities.version_night, opportunities.record
    from {{ ref('stg_salesforce__opportunities') }} as opportunities
    inner join changed
        on changed.source_system = 'salesforce' and opportunities.opportunity_id = changed.record_id

    union all

    select
        'hubspot', deals.opportunity_id, deals.is_deleted, deals.created_at, deals.amount,
        deals.currency, deals.owner_id, deals.version_stamp, deals.version_night, deals.record
    from {{ ref('stg_hubspot__deals') }} as deals
    inner join changed
        on changed.source_system = 'hubspot' and deals.opportunity_id = changed.record_id

    union all

    select
        'generic', opportunities.opportunity_id, false, opportunities.created_at,
        opportunities.amount, opportunities.currency, opportunities.owner_id,
        opportunities.version_stamp, opportunities.version_night, opportunities.record
    from {{ ref('stg_generic__opportunities') }} as opportunities
    inner join changed
        on changed.source_system = 'generic' and opportunities.opportunity_id = changed.record_id

),

ranked as (

    {{ rank_versions('versions', 'source_system, opportunity_id') }}

),

inferred as (

    select source_system, record_id, created_at from {{ ref('int_identity__inferred_creations') }}
    where kind = 'opportunity'

),

newest as (

    select * from ranked
    where version_rank = 1 and not is_deleted

),

-- What the newest version of the agreement calls the reason, where the record has it.
reasons as (

    select
        newest.source_system, newest.opportunity_id, agreements.in_force_from,
        {{ json_text('newest.record', 'fields.landed_column') }} as loss_reason
    from newest
    inner join fields on newest.source_system = fields.source_system
    inner join agreements on fields.agreement_version = agreements.agreement_version
    where {{ json_text('newest.record', 'fields.landed_column') }} is not null

),

named as (

    {{ first_per('reasons', ['source_system', 'opportunity_id'], ['in_force_from desc']) }}

),

final as (

    select
        newest.source_system, newest.opportunity_id,
        coalesce(newest.created_at, inferred.created_at) as created_at,
        newest.amount, newest.currency, newest.owner_id, named.loss_reason
    from newest
    left join named
        on
            newest.source_system = named.source_system
            and newest.opportunity_id = named.opportunity_id
    left join inferred
        on
            newest.source_system = inferred.source_system
            and newest.opportunity_id = inferred.record_id

)

select * from final
