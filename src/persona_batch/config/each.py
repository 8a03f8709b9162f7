"""Files checked one by one, as a hook is given them: some of a folder, or of several, that are no batch together."""

from collections.abc import Sequence
from pathlib import Path

from persona_batch.config.files import SUFFIXES, expand
from persona_batch.config.load import FileSurvey, Survey, survey
from persona_batch.config.problems import Problems
from persona_batch.errors import ConfigError, Problem


def survey_each(names: Sequence[str]) -> Survey:
    """Validate each file by itself.

    A control or a partner may stand in another file: what is wrong only without the rest of its folder is no mistake,
    and what is wrong only beside it (two files with one id, which are run one at a time) is none either.

    Raises:
        ConfigError: with every problem of every file.
    """
    problems = Problems()
    shown = list(dict.fromkeys(named.shown for name in names for named in expand(name, problems)))
    found: list[Problem] = list(problems.found)
    files: list[FileSurvey] = []
    warnings: dict[str, None] = {}
    for name in shown:
        try:
            told: Survey | tuple[Problem, ...] = survey([name])
        except ConfigError as alone:
            told = _beside_its_folder(name)
            if not isinstance(told, Survey):
                found += [problem for problem in alone.problems if problem in told]
        if isinstance(told, Survey):
            files += [file for file in told.files if file.path == name]
            warnings |= dict.fromkeys(told.warnings)
    if found:
        raise ConfigError(sorted(set(found)))
    return Survey(tuple(files), tuple(warnings))


def _beside_its_folder(name: str) -> Survey | tuple[Problem, ...]:
    """Return what the file is together with those of its folder that do not clash with it, or what is wrong then."""
    path = Path(name)
    files = sorted(str(path.parent / one.name) for one in path.parent.iterdir() if one.suffix.lower() in SUFFIXES)
    others = [file for file in files if Path(file) != path]
    while True:
        try:
            return survey([name, *others])
        except ConfigError as error:
            fitting = [file for file in others if file not in {problem.file for problem in error.problems}]
            if len(fitting) == len(others):
                return error.problems
            others = fitting
