with known_before as (

    {{ previous_rows('int_times__columns', [
        'time_column', 'source_system', 'one_source_time', 'one_agreement_time', 'one_utc_time'
    ]) }}

),

final as (

    -- Kept before tonight's columns take their place.
    select * from known_before

)

select * from final
