"""The folders of a user that outlive runs and belong to no working folder; whoever writes there makes them."""

import os
from collections.abc import Mapping
from pathlib import Path


def state_folder(env: Mapping[str, str] = os.environ) -> Path:
    """Return the folder for counts, jobs and what was told once: PERSONA_BATCH_STATE, else the user's state folder."""
    named = env.get("PERSONA_BATCH_STATE")
    if named:
        return Path(named)
    import platformdirs

    return platformdirs.user_state_path("persona-batch", appauthor=False)


def log_folder() -> Path:
    """Return the folder for the logs of our own bugs: the user's log folder."""
    import platformdirs

    return platformdirs.user_log_path("persona-batch", appauthor=False)
