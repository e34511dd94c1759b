{{ config(indexes=[{'columns': ['lead_id', 'source_system']}]) }}

with records as (

    select lead_id, source_system, record_id from {{ ref('int_identity__affected_records') }}
    where is_survivor

),

versions as (

    {% for source_system, relation in [
        ('salesforce', 'stg_salesforce__leads'), ('marketo', 'stg_marketo__leads'),
        ('hubspot', 'stg_hubspot__contacts'), ('generic', 'stg_generic__leads'),
    ] %}
    {% if not loop.first %}union all{% endif %}
    select
        records.lead_id,
        records.source_system,
        records.record_id,
        leads.version_stamp,
        {{ to_second('leads.version_stamp') }} as stamp_second,
        leads.version_night,
        leads.record
    from {{ ref(relation) }} as leads
    inner join records
        on records.source_system = '{{ source_system }}'
            and leads.lead_record_id = records.record_id
    {% endfor %}

),

ranked as (

    {{ rank_versions('versions', 'source_system, record_id') }}

),

of_their_stamp as (

    -- Of versions of one second the newest is what the record was from that moment on.
    {{ first_per('ranked', ['source_system', 'record_id', 'stamp_second'], ['version_rank']) }}

),

oldest as (

    -- And the oldest of all is what it was before, as far as anybody knows.
    {{ first_per('ranked', ['source_system', 'record_id'], ['version_rank desc']) }}

),

final as (

    select lead_id, source_system, record_id, version_stamp, stamp_second as known_from, record
    from of_their_stamp

    union all

    select
        lead_id, source_system, record_id, version_stamp, {{ beginning_of_time() }}, record
    from oldest

)

select * from final
