"""Text that a spreadsheet may show: nothing in it starts a formula, nobody is named by accident.

A cell or CSV field that a spreadsheet could take for a formula gets an apostrophe in front. So that
the original can always be had back, a text that starts with an apostrophe gets another one: whoever
reads a field back removes one leading apostrophe if there is one.
"""

import re

GUARD = "'"

# Signs that start a formula, also in their full-width forms, wherever only blanks, control signs or
# invisible signs stand before them; and the white space that some programs strip or act on.
_STARTS_FORMULA = re.compile(
    r"[\t\r\n]|[\s\x00-\x1f\x7f\u00ad\u200b-\u200f\u2060\ufeff]*[=+\-@|%\uff1d\uff0b\uff0d\uff20\u2212]"
)
_EMAIL = re.compile(r"[^\s@<>()\[\]\",;:]+@[^\s@<>()\[\]\",;:]+")
_PHONE = re.compile(r"(?<![\w])\+?\(?\d(?:[\s().\-/]{0,3}\d){6,}(?![\w])")


def guard(text: str) -> str:
    """The text with an apostrophe in front where it could start a formula or starts with one."""
    return GUARD + text if text.startswith(GUARD) or _STARTS_FORMULA.match(text) else text


def unguard(shown: str) -> str:
    """The text that guard was given."""
    return shown[1:] if shown.startswith(GUARD) else shown


def without_contacts(text: str) -> str:
    """A reason as people typed it, with e-mail addresses and telephone numbers replaced.

    Names that people typed cannot be told from other words; the reviewers' page says so.
    """
    return _PHONE.sub("[number removed]", _EMAIL.sub("[address removed]", text))
