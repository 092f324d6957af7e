"""What went wrong while a configuration was composed, in the words of the command that asked."""

import errno
import re
import traceback
from collections.abc import Iterator

from hydra.errors import ConfigCompositionException, MissingConfigException
from omegaconf import DictConfig
from omegaconf.errors import (
    ConfigAttributeError,
    ConfigKeyError,
    InterpolationKeyError,
    MissingMandatoryValue,
)
from yaml import MarkedYAMLError

from memlab.app.schema import Refused, suggestion

NOTHING = "null is no choice of a group: Hydra reads it as nothing; substrate=no_memory is a medium"
ELSEWHERE = "outputs=FOLDER puts all results elsewhere"
FULL = "HYDRA_FULL_ERROR=1 shows the full trace."

QUOTED = re.compile("'(.*)'")
UNWRITABLE = {
    errno.EACCES: "may not be written",
    errno.EPERM: "may not be written",
    errno.EROFS: "is on a read-only file system",
    errno.ENOTDIR: "lies below something that is no folder",
    errno.ENOSPC: "does not fit: the disk is full",
    errno.EDQUOT: "does not fit: the quota is used up",
}


def explained(error: Exception, groups: tuple[str, ...]) -> str:
    """One screen for an exception: which key, what was given, what would be valid."""
    causes = list(chain(error))
    if any(isinstance(cause, OSError) and cause.errno in UNWRITABLE for cause in causes):
        # a folder is made by first trying below it: that it is not there is no cause of anything
        causes = [cause for cause in causes if not isinstance(cause, FileNotFoundError)]
    told = (in_words(cause, groups) for cause in causes)
    first = next((words for words in told if words), None)
    if first is not None:
        return first
    return NOTHING if "Got NoneType" in str(error) else shortened(error)


def in_words(cause: BaseException, groups: tuple[str, ...]) -> str | None:
    """What a kind of exception means to whoever typed the command; None for other kinds."""
    words = None
    match cause:
        case Refused():
            words = str(cause)
        case MarkedYAMLError():
            words = unreadable(cause)
        case MissingConfigException() if cause.options is not None:
            words = unknown_choice(cause)
        case OSError() if cause.errno in UNWRITABLE:
            words = unwritable(cause)
        case FileNotFoundError() if unmade(cause):
            words = f"{cause.filename} cannot be made there; {ELSEWHERE}"
        case MissingMandatoryValue() | InterpolationKeyError() if cause.full_key:
            words = unfilled(cause)
        case ConfigAttributeError() | ConfigKeyError():
            words = unknown_key(cause, groups)
    return words


def shortened(error: Exception) -> str:
    """An exception in its own words, without its kind where that says nothing and without links."""
    first, *rest = str(error).strip().splitlines() or [""]
    kind = "" if isinstance(error, ConfigCompositionException) else f"{type(error).__name__}: "
    hints = [line for line in rest if line.strip() and "https://" not in line]
    return "\n".join([kind + first, *hints])


def chain(error: BaseException | None) -> Iterator[BaseException]:
    """The exception and what caused it, the deepest first."""
    if error is not None:
        yield from chain(error.__cause__ or error.__context__)
        yield error


def unreadable(error: MarkedYAMLError) -> str:
    """A YAML file that is not YAML: file, line, what was expected there."""
    mark = error.problem_mark or error.context_mark
    place = f"{mark.name}, line {mark.line + 1}" if mark else "a configuration file"
    problem = ", ".join(part for part in (error.context, error.problem) if part)
    return f"{place} is not valid YAML: {problem}"


def unfilled(cause: MissingMandatoryValue | InterpolationKeyError) -> str:
    """A key without a value, or one that is made of another which is not there."""
    source = QUOTED.search(str(cause))
    if isinstance(cause, InterpolationKeyError) and source:
        return f"{source[1]} must be there: {cause.full_key} is made of it"
    return f"{cause.full_key} must be given, as {cause.full_key}=VALUE"


def unwritable(error: OSError) -> str:
    """A result that cannot be written: which, why, and where else it could go."""
    file = error.filename or "a result"
    return f"{file} {UNWRITABLE[error.errno or 0]}; {ELSEWHERE}"


def unmade(error: OSError) -> bool:
    """Whether a folder could not be made although what is to hold it exists, as below /proc."""
    frames = traceback.extract_tb(error.__traceback__)
    return bool(frames) and frames[-1].name in {"mkdir", "makedirs"}


def unknown_choice(error: MissingConfigException) -> str:
    """A file that a group does not have, with the nearest one it has."""
    group, _, choice = str(error.missing_cfg_file).rpartition("/")
    options = [str(option) for option in error.options or ()]
    found = suggestion(choice, options).replace("did you mean ", f"did you mean {group}=")
    return f"{group}={choice} is no choice of {group}{found}"


def unknown_key(error: ConfigAttributeError | ConfigKeyError, groups: tuple[str, ...]) -> str:
    """A key that its parent does not have, with the nearest one it has."""
    parent, key = error.parent_node, str(error.full_key or error.key)
    keys = {str(known) for known in parent} if isinstance(parent, DictConfig) else set()
    if "." not in key:  # at the top level the groups are keys too
        keys = (keys | set(groups)) - {"hydra"}
    known = [name for name in keys if not name.startswith("_")]
    return f"there is no key {key}{suggestion(key.rpartition('.')[2], known)}"
