-- All open findings of one rule, if there are more of them than the agreement tolerates.
with
open_findings as (
    select finding.finding_id, finding.subject_type, finding.subject_id
    from fct_integrity_findings as finding
    left join agreement_waivers as waiver on waiver.finding_id::text = finding.finding_id
    where finding.rule = '{{ rule }}'
        and waiver.finding_id is null
        and (to_jsonb(finding) ->> 'resolved_at') is null
)

select finding_id, subject_type, subject_id
from open_findings
where (select count(*) from open_findings)
    > coalesce((current_setting('judging.tolerated')::jsonb ->> '{{ rule }}')::integer, 0)
