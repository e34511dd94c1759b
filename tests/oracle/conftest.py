"""Fixtures of the reference's own tests."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.oracle.agreements import pinned
from tests.oracle.stories import Story


@pytest.fixture
def story(tmp_path: Path) -> Story:
    """An empty story under the pinned agreement."""
    return Story(pinned(tmp_path / "agreement"))


@pytest.fixture
def story_under(tmp_path: Path) -> Callable[..., Story]:
    """Make an empty story under the pinned agreement with columns of its versions set."""
    return lambda **versions: Story(pinned(tmp_path / "agreement", **versions))
