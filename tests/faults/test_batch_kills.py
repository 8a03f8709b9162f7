"""Killed at any step, a run by batch files goes on: each cell handed over once, recorded once."""

import os
from pathlib import Path

import pytest

from faults.batch_kills import Figures, kill_at_random, kill_at_steps

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="the harness forks")


def _assert_whole(figures: Figures) -> None:
    assert figures.kills > 0
    assert figures.bad == 0, str(figures)


def test_killed_at_steps_of_submitting_and_collecting(tmp_path: Path) -> None:
    _assert_whole(kill_at_steps(tmp_path, every=9, first=2))


def test_killed_at_random_moments(tmp_path: Path) -> None:
    _assert_whole(kill_at_random(tmp_path, kills=5, seed=11))
