"""The agreement of marketing and sales: the files it consists of, and whether they hold together.

`Agreement(folder)` is how all of the package reads it. `check_agreement(folder)` finds every
mistake at once, `agreement_warnings(folder)` what is allowed but worth knowing; `told` makes lines
of them. `agreement_hash(folder)` names what it says, `written(folder, stem)` is a file as the
models read it.
"""

from lead_handoff.agreement.checking import agreement_warnings, check_agreement
from lead_handoff.agreement.problems import AgreementProblem, told
from lead_handoff.agreement.reading import AgreementError, agreement_hash, written
from lead_handoff.agreement.terms import Agreement, in_force

__all__ = [
    "Agreement",
    "AgreementError",
    "AgreementProblem",
    "agreement_hash",
    "agreement_warnings",
    "check_agreement",
    "in_force",
    "told",
    "written",
]
