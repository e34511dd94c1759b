"""What the review refuses, each by a name of its own."""

from lead_handoff.errors import HandoffError


class ReviewError(HandoffError):
    """The review refused to go on; nothing of the attempt was kept but a line in its log."""


class BadMonthError(ReviewError):
    """The month is not written YYYY-MM."""


class OpenMonthError(ReviewError):
    """The month had not ended when the published marts were built."""


class NoMartsError(ReviewError):
    """There are no published marts to take the population from."""


class PolicyError(ReviewError):
    """The agreement's review policy is missing or says something that cannot be done."""


class UnknownReviewerError(PolicyError):
    """Somebody is to review who is not on the roster, or is named twice."""


class QuorumError(PolicyError):
    """The quorum is larger than the number of reviewers."""


class CompositionError(PolicyError):
    """Sales, marketing or an executive is missing among the reviewers."""


class BadIdError(ReviewError):
    """An id cannot be drawn: it is empty, or no text that UTF-8 can hold."""


class DuplicateIdError(ReviewError):
    """An id stands in the population twice, which would give it two chances."""


class BadSeedError(ReviewError):
    """The seed is empty, too long, or has blanks around it."""


class RedrawError(ReviewError):
    """The month is drawn already, and a second seed would choose among samples."""


class ExtensionError(ReviewError):
    """The sample cannot be extended to that size: it has as many cases, or nobody is left."""


class PopulationChangedError(ReviewError):
    """The frozen population is no longer what was hashed."""


class FilesChangedError(ReviewError):
    """Files in the review's folder are not those of this draw."""


class DeliveryError(ReviewError):
    """Files cannot be delivered to the place that is set; they stand in the review's folder."""


class CaseFileTooLargeError(ReviewError):
    """A sheet would not fit into a workbook."""


class RefusedFileError(ReviewError):
    """A returned file is refused whole; ``problems`` are lines that name place and remedy."""

    def __init__(self, file: str, names: tuple[str, ...], problems: tuple[str, ...]) -> None:
        shown = "\n".join(problems[:20])
        more = f"\n… and {len(problems) - 20} more" if len(problems) > 20 else ""
        super().__init__(f"{file}: refused, nothing of it was recorded\n{shown}{more}")
        self.names = names
        self.problems = problems
