"""The agreement of marketing and sales: the files it consists of, and whether they hold together.

`check_agreement(folder)` finds every mistake at once, `agreement_warnings(folder)` what is allowed
but worth knowing, `load_agreement(folder)` reads the files, `agreement_hash(folder)` names their
content, `completed(path)` is a file with the columns that have been added since it was written.
"""

from lead_handoff.agreement.checking import agreement_warnings, check_agreement
from lead_handoff.agreement.reading import (
    AgreementError,
    AgreementProblem,
    agreement_hash,
    completed,
    load_agreement,
)

__all__ = [
    "AgreementError",
    "AgreementProblem",
    "agreement_hash",
    "agreement_warnings",
    "check_agreement",
    "completed",
    "load_agreement",
]
