with kinds as (

    select kind, delivered_from from {{ ref('int_delivery__kinds') }}
    where delivered_from is not null

),

pauses as (

    select * from {{ ref('int_delivery__pauses') }}
    where kind is not null

),

versions as (

    select agreement_version from {{ ref('int_agreement__versions') }}

),

thin_versions as (

    select agreement_version from {{ ref('int_delivery__thin_versions') }}

),

-- A kind is delivered from its beginning, and again from the end of each pause after it.
beginnings as (

    select kind, delivered_from as from_at from kinds

    union

    select pauses.kind, pauses.resumed_at
    from pauses
    inner join kinds on pauses.kind = kinds.kind and kinds.delivered_from <= pauses.resumed_at
    where pauses.resumed_at < {{ end_of_time() }}

),

unbroken as (

    select beginnings.kind, beginnings.from_at
    from beginnings
    left join pauses
        on
            beginnings.kind = pauses.kind
            and beginnings.from_at > pauses.stopped_from
            and beginnings.from_at < pauses.resumed_at
    where pauses.kind is null

),

ended as (

    select
        unbroken.kind,
        unbroken.from_at,
        coalesce(min(pauses.stopped_from), {{ end_of_time() }}) as to_at
    from unbroken
    left join pauses
        on unbroken.kind = pauses.kind and unbroken.from_at <= pauses.stopped_from
    group by unbroken.kind, unbroken.from_at

),

final as (

    -- Thin activities count as not delivered under their version.
    select
        ended.kind,
        versions.agreement_version,
        ended.from_at,
        ended.to_at
    from ended
    cross join versions
    left join thin_versions
        on
            ended.kind = 'activities'
            and versions.agreement_version = thin_versions.agreement_version
    where thin_versions.agreement_version is null

)

select * from final
