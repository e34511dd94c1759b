with handoffs as (

    select * from {{ ref('int_handoffs__all_handoffs') }}
    where next_offer_number is null

),

clauses as (

    select * from {{ ref('int_sla__judged') }}
    where party = 'sales' and status <> 'not_applicable'

),

in_force as (

    select agreement_version from {{ ref('int_agreement__in_force') }}

),

-- The lead's surviving record in the system of sales; the dedicated one where there are two.
sales_records as (

    select
        lead_ids.lead_id,
        lead_ids.source_system,
        lead_ids.record_id,
        lead_ids.is_deleted,
        lead_ids.merged_into_id,
        case sources.role when 'sfa' then 0 else 1 end as source_order
    from {{ ref('int_identity__all_lead_ids') }} as lead_ids
    cross join in_force
    inner join {{ ref('stg_agreement__sources') }} as sources
        on lead_ids.source_system = sources.source_system and sources.role in ('sfa', 'both')
    inner join {{ ref('stg_agreement__fields') }} as fields
        on
            in_force.agreement_version = fields.agreement_version
            and lead_ids.source_system = fields.source_system
            and fields.role = 'owner'
    where lead_ids.is_survivor

),

sales_record as (

    {{ first_per('sales_records', ['lead_id'], ['source_order', bytewise('source_system')]) }}

),

deleted as (

    select sales_record.*, records.deleted_at
    from sales_record
    inner join {{ ref('int_identity__all_records') }} as records
        on
            sales_record.source_system = records.source_system
            and sales_record.record_id = records.record_id
    where sales_record.is_deleted and sales_record.merged_into_id is null

),

running as (

    -- The promises of sales that ran when the lead was deleted: begun, not met, not yet due.
    select
        handoffs.handoff_id,
        handoffs.lead_id,
        handoffs.offered_at,
        deleted.deleted_at,
        deleted.source_system,
        deleted.record_id,
        {{ joined('clauses.clause', ', ', bytewise('clauses.clause')) }} as open_clauses,
        min(clauses.due_at) as next_due_at
    from deleted
    inner join handoffs on deleted.lead_id = handoffs.lead_id
    inner join clauses
        on
            handoffs.handoff_id = clauses.handoff_id
            and deleted.deleted_at >= clauses.started_latest_at
            and deleted.deleted_at <= clauses.due_earliest_at
            and (clauses.met_earliest_at is null or clauses.met_earliest_at > deleted.deleted_at)
    group by
        handoffs.handoff_id, handoffs.lead_id, handoffs.offered_at, deleted.deleted_at,
        deleted.source_system, deleted.record_id

),

final as (

    select
        'deleted_after_handoff' as rule,
        'handoff' as subject_type,
        handoff_id as subject_id,
        lead_id,
        handoff_id,
        deleted_at as occurred_at,
        'certain' as grade,
        {{ json_object({
            'offered_at': iso_utc('offered_at'),
            'deleted_at': iso_utc('deleted_at'),
            'source_system': 'source_system',
            'record_id': 'record_id',
            'open_clauses': 'open_clauses',
            'next_due_at': iso_utc('next_due_at'),
        }) }} as evidence,
        'Deleted in ' || source_system || ' (' || record_id || ') at '
        || {{ readable('deleted_at') }}
        || ', while sales still owed: ' || open_clauses || '.' as message
    from running

)

select * from final
