"""An independent reference of the marts in plain Python, written from the rules alone.

It shares no code with the pipeline: the tests compare the two cell by cell. Correctness and
plainness come before speed. The entry point is :func:`marts`.
"""

from tests.oracle.company import Landed
from tests.oracle.oracle import marts

__all__ = ["Landed", "marts"]
