"""The only reader of the environment (with `calendar_settings.py`) and of `oncall-gitops.yaml`.

Every setting knows where it came from, so that `doctor` can say so. A flag beats the environment, which beats
the file, and that the default. Secrets come from the environment alone; `redact` keeps them out of text.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias
from urllib.parse import unquote

from oncall_gitops.core.duration import parse_duration
from oncall_gitops.core.errors import OncallError
from oncall_gitops.core.limits import ADJUSTABLE, BLOCKING, Limits
from oncall_gitops.core.problem import Origin, Problem, in_order
from oncall_gitops.core.secret import living_secrets

if TYPE_CHECKING:
    import yaml

FILE_NAME = "oncall-gitops.yaml"
DEFAULT_SCHEDULES = "schedules"
DEFAULT_HORIZON = 90 * 86_400
MAX_HORIZON = 3660 * 86_400
MAX_FILE_SIZE, MAX_DEPTH = 65_536, 8

Key: TypeAlias = tuple[str, ...]

_SECRET_NAMES = re.compile(r"PGPASSWORD|ONCALL_GITOPS_\w*(?:SECRET|TOKEN_KEYS)")
_URL_PASSWORD = re.compile(r"(:/{1,2}[^:/?#@\s]*:)[^@/\s]+(@)")
_WORD_PASSWORD = re.compile(r"(password\s*=\s*)('(?:[^'\\]|\\.)*'|[^\s&]+)", re.IGNORECASE)
_TOKEN = re.compile(
    r"\bya29\.[\w.-]+|(?<!\w)1//[\w-]{8,}|\beyJ[\w-]{8,}(?:\.[\w-]*)*|\bGOCSPX-[\w-]+"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)",
    re.DOTALL,
)
"""Google's access and refresh tokens, JSON web tokens, Google's client secrets, private keys."""
_NAMED_TOKEN = re.compile(
    r"""(\bBearer\s+|(?:\b(?:access|refresh|id)_token|\bclient_secret|\bassertion|\bcode_verifier|\bdevice_code"""
    r"""|[?&]code)["']?\s*[:=]\s*["']?)[^\s"'&,}]+""",
    re.IGNORECASE,
)
"""What stands after these names in a header, a form, a query, JSON or a printed dict."""
_SHORTEST_SECRET = 4


@dataclass(frozen=True, slots=True)
class Settings:
    """What holds for one run. `horizon` is in seconds; `origins` says where each setting came from.

    Without a `database_url` the embedded PostgreSQL is used.
    """

    database_url: str | None = field(default=None, repr=False)
    horizon: int = DEFAULT_HORIZON
    limits: Limits = field(default_factory=Limits)
    file: Path | None = None
    origins: Mapping[str, str] = field(default_factory=dict)


class InvalidSettings(OncallError):
    """`oncall-gitops.yaml` or a variable has mistakes; `problems` lists those of the file."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = in_order(problems)
        super().__init__(
            f"{FILE_NAME} is not valid\n"
            + "\n".join(
                f"{p.origin.file}:{p.origin.line}:{p.origin.column}: {p.message}"
                + (f" ({p.help})" if p.help else "")
                for p in self.problems
            )
        )


def load_settings(schedules: Path = Path(DEFAULT_SCHEDULES)) -> Settings:
    """The settings for a schedules folder: from the environment, and the file beside it or in a parent."""
    file = find_settings_file(schedules)
    values, origins = _from_file(file) if file else ({}, {})
    horizon = values.get(("horizon",), DEFAULT_HORIZON)
    if written := os.environ.get("ONCALL_GITOPS_HORIZON"):
        horizon, origins["horizon"] = _from_variable("ONCALL_GITOPS_HORIZON", written, _horizon)
    database_url = os.environ.get("DATABASE_URL") or None
    if database_url:
        origins["database_url"] = "environment variable DATABASE_URL"
    return Settings(
        database_url=database_url, horizon=horizon, limits=_limits(values), file=file, origins=origins
    )


def find_settings_file(schedules: Path) -> Path | None:
    """The nearest `oncall-gitops.yaml` beside or above the schedules, within the repository."""
    for folder in Path(os.path.abspath(schedules)).parents:
        if (folder / FILE_NAME).is_file():
            return folder / FILE_NAME
        if (folder / ".git").exists():
            return None
    return None


def cache_folder() -> Path | None:
    """Where what can be worked out again may be kept; None where nobody has a home."""
    named = os.environ.get("XDG_CACHE_HOME", "")
    try:
        return (Path(named) if os.path.isabs(named) else Path.home() / ".cache") / "oncall-gitops"
    except RuntimeError:
        return None


def actor() -> str:
    """Who runs this, for the record: the person or robot that a pipeline names, else the system's user."""
    for name in ("GITHUB_ACTOR", "GITLAB_USER_LOGIN", "USER", "LOGNAME"):
        if found := os.environ.get(name):
            return found.encode("utf-8", "replace").decode()
    return ""


class GithubFiles(NamedTuple):
    """The files through which a workflow step speaks to GitHub; None outside of one."""

    summary: Path | None
    output: Path | None


def github_files() -> GithubFiles:
    """Where the job summary and the step's outputs go."""
    summary, output = (os.environ.get(name) for name in ("GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT"))
    return GithubFiles(Path(summary) if summary else None, Path(output) if output else None)


def plain_output() -> bool:
    """Whether the user asked every program not to colour its output."""
    return bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"


def redact(text: str) -> str:
    """The text without any secret: of the environment, in use as a `Secret`, or with the look of one."""
    for secret in sorted(set(_secrets()), key=len, reverse=True):
        if len(secret) >= _SHORTEST_SECRET:
            text = text.replace(secret, "***")
    text = _NAMED_TOKEN.sub(r"\1***", _TOKEN.sub("***", text))
    return _WORD_PASSWORD.sub(r"\1***", _URL_PASSWORD.sub(r"\1***\2", text))


def _secrets() -> Iterator[str]:
    yield from living_secrets()
    for name, value in os.environ.items():
        if _SECRET_NAMES.fullmatch(name):
            yield value
            if name.endswith("TOKEN_KEYS"):
                yield from (key.partition(":")[2] for key in re.split(r"[,\s]+", value))
    yield from _passwords(os.environ.get("DATABASE_URL", ""))


def _passwords(address: str) -> Iterator[str]:
    """What may be a password in a connection string, also where characters in it should have been encoded."""
    for pattern in (r"://[^:/?#@\s]*:([^@/\s]+)@", r"://[^:/?#@\s]*:(.+)@"):
        if found := re.search(pattern, address, re.DOTALL):
            yield found[1]
            yield unquote(found[1])
    for found in _WORD_PASSWORD.finditer(address):
        yield unquote(found[2])
        yield re.sub(r"\\(.)", r"\1", found[2].strip("'"))


def _limits(values: Mapping[Key, Any]) -> Limits:
    blocking = set(BLOCKING)
    for rule in ADJUSTABLE:
        verdict = values.get(("safety", rule, "verdict"))
        if verdict == "block":
            blocking.add(rule)
        elif verdict == "warn":
            blocking.discard(rule)
    return Limits(
        mass_delete_percent=values.get(("safety", "mass-delete", "percent"), Limits().mass_delete_percent),
        mass_delete_count=values.get(("safety", "mass-delete", "count"), Limits().mass_delete_count),
        blocking=frozenset(blocking),
    )


def _from_variable(name: str, text: str, read: Callable[[str], Any]) -> tuple[Any, str]:
    try:
        return read(text), f"environment variable {name}"
    except ValueError as error:
        raise OncallError(f"environment variable {name}: {error}") from error


def _from_file(file: Path) -> tuple[dict[Key, Any], dict[str, str]]:
    """Every setting of the file by its path in it, and where each is written; all mistakes at once."""
    near = os.path.relpath(file).replace(os.sep, "/")
    shown = str(file) if near.startswith("..") else near
    problems: list[Problem] = []
    values: dict[Key, Any] = {}
    origins: dict[str, str] = {}
    for key, name, node in _leaves(_compose(file, shown), shown, problems):
        origin = _origin(shown, node)
        if (read := _READERS.get(key)) is None:
            problems.append(
                Problem(_origin(shown, name), "OG902", f"unknown setting {'.'.join(key)!r}", _close(key))
            )
            continue
        try:
            if not isinstance(node.value, str):
                raise ValueError("expected a single value")
            values[key] = read(node.value)
            origins[".".join(key)] = f"{shown}:{origin.line}"
        except ValueError as error:
            problems.append(Problem(origin, "OG903", f"{'.'.join(key)}: {error}"))
    if problems:
        raise InvalidSettings(problems)
    return values, origins


def _compose(file: Path, shown: str) -> yaml.Node | None:
    """The file as strings with positions; what could hang or crash a reader is refused before."""
    import yaml

    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    try:
        content = file.read_bytes()
        if len(content) > MAX_FILE_SIZE:
            raise InvalidSettings([Problem(Origin(shown), "OG901", f"larger than {MAX_FILE_SIZE} bytes")])
        text = content.decode("utf-8")
        depth = 0
        for event in yaml.parse(text, Loader=loader):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > MAX_DEPTH or getattr(event, "anchor", None) or getattr(event, "tag", None):
                message = "anchors, aliases, tags and deep nesting are not supported"
                raise InvalidSettings([Problem(_origin(shown, event), "OG901", message)])
        return yaml.compose(text, Loader=loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = Origin(shown, mark.line + 1, mark.column + 1) if mark else Origin(shown)
        raise InvalidSettings([Problem(place, "OG901", str(error.problem))]) from None
    except (UnicodeDecodeError, yaml.YAMLError):
        raise InvalidSettings([Problem(Origin(shown), "OG901", "not YAML text in UTF-8")]) from None


def _leaves(
    node: yaml.Node | None, shown: str, problems: list[Problem], path: Key = (), name: yaml.Node | None = None
) -> Iterator[tuple[Key, yaml.Node, yaml.Node]]:
    """Every value that is no mapping: the keys that lead to it, the last of them as written, and itself.

    A key that is there twice is a problem.
    """
    import yaml

    if node is None or (not path and node.value == ""):
        return
    if not isinstance(node, yaml.MappingNode):
        yield path, name or node, node
        return
    seen: set[str] = set()
    for key, value in node.value:
        if key.value in seen:
            problems.append(Problem(_origin(shown, key), "OG904", f"{key.value!r} is written twice"))
        seen.add(str(key.value))
        yield from _leaves(value, shown, problems, (*path, str(key.value)), key)


def _origin(shown: str, node: Any) -> Origin:
    start, end = node.start_mark, node.end_mark
    return Origin(shown, start.line + 1, start.column + 1, end.line + 1, end.column + 1)


def _close(key: Key) -> str:
    known = [".".join(name) for name in _READERS]
    close = get_close_matches(".".join(key), known, n=1)
    return f"did you mean {close[0]!r}?" if close else f"the settings are {', '.join(known)}"


def _horizon(text: str) -> int:
    seconds = parse_duration(text)
    if not 0 < seconds <= MAX_HORIZON:
        raise ValueError(f"the horizon lies between 1s and {MAX_HORIZON // 86_400}d")
    return seconds


def _number(*, largest: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,6}", text) or int(text) > largest:
            raise ValueError(f"expected a whole number from 0 to {largest}, not {text!r}")
        return int(text)

    return read


def _verdict(text: str) -> str:
    if text not in ("block", "warn"):
        raise ValueError(f"expected block or warn, not {text!r}")
    return text


_READERS: dict[Key, Callable[[str], Any]] = {
    ("horizon",): _horizon,
    ("safety", "mass-delete", "percent"): _number(largest=100),
    ("safety", "mass-delete", "count"): _number(largest=999_999),
    **{("safety", rule, "verdict"): _verdict for rule in sorted(ADJUSTABLE)},
}
