select finding.finding_id, finding.rule
from fct_integrity_findings as finding
where not exists (
    select from agreement_rules as agreed where agreed.rule = finding.rule
)
