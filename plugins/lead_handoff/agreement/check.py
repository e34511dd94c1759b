"""What `make check-agreement` says of an agreement."""

from collections.abc import Collection, Iterable
from pathlib import Path

from lead_handoff.agreement.checking import agreement_warnings, check_agreement
from lead_handoff.agreement.problems import AgreementProblem, told
from lead_handoff.agreement.reading import agreement_hash


def checked(
    folder: Path, *, delivering: Collection[str] = (), also: Iterable[AgreementProblem] = ()
) -> tuple[bool, list[str]]:
    """Whether the agreement in `folder` can be used, and what there is to say of it, as lines.

    Args:
        folder: the agreement's.
        delivering: sources of which something comes.
        also: what else is worth knowing, such as `unlisted_users`.
    """
    problems = check_agreement(folder)
    warnings = [*agreement_warnings(folder, delivering), *also]
    lines = [f"worth knowing: {line}" for line in told(warnings)]
    lines += [f"to correct: {line}" for line in told(problems)]
    if problems:
        lines.append(f"{folder}: {len(problems)} to correct; no night begins until then")
    else:
        lines.append(
            f"{folder}: the agreement holds together; what it says is named "
            f"{agreement_hash(folder)[:12]}"
        )
    return not problems, lines
