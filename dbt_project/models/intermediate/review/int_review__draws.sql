select
    month,
    draw_id,
    frozen_at,
    drawn_at,
    population_size,
    sample_size
from {{ ref('stg_review__draws') }}
