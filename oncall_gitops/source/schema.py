"""The shape of the files: which keys there are, what each holds, and which go together.

pydantic checks keys and gathers every mistake with its place; the values themselves are read by `scalars.py`.
Layers and overrides are read one by one (`desired.py`): a mistake in one hides nothing about the others.
"""

from __future__ import annotations

from typing import Annotated, Any, TypeAlias

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    PlainValidator,
    Tag,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from oncall_gitops.core.model.rule import MAX_INTERVAL
from oncall_gitops.source import combinations, repairs
from oncall_gitops.source.document import Mapping, Scalar, Sequence, kind_of
from oncall_gitops.source.scalars import (
    Clock,
    Email,
    Flag,
    Name,
    Prose,
    Reading,
    Slug,
    Time,
    UserOrNobody,
    UserSlug,
    ZoneName,
    choice,
    followed,
    whole_number,
    wrong,
)
from oncall_gitops.source.windows import day, days, edge, former_schedule, rule, target_schedule, window

MAX_PLACES = 500
MAX_OFFSET = 1000


class Entry(BaseModel):
    """A mapping with known keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


def _collection(value: object, kind: type[Mapping] | type[Sequence], expected: str) -> Any:
    if not isinstance(value, kind):
        if isinstance(value, Scalar) and value.is_null:
            raise wrong("OG204", f"expected {expected}, found nothing", "give a value, or leave the key out")
        better = _listed(value) if kind is Sequence else ""
        hint = f"write {better}" if 0 < len(better) < 60 else ""
        raise wrong("OG203", f"expected {expected}, found {kind_of(value)}", hint)
    return value


def _listed(value: object) -> str:
    """The list that was meant: a text with its items, or `{alice, bob}`."""
    if isinstance(value, Mapping):
        return repairs.slugs(" ".join(value)) if not any(value.values()) else ""
    return repairs.slugs(value) if isinstance(value, Scalar) else ""


def mapping(value: object) -> Mapping:
    """A mapping whose entries are read later, one by one."""
    found: Mapping = _collection(value, Mapping, "a mapping")
    return found


def sequence(value: object) -> Sequence:
    """A list; its entries are read later or by their own kind."""
    found: Sequence = _collection(value, Sequence, "a list")
    return found


def _whole(low: int, high: int) -> PlainValidator:
    return PlainValidator(lambda value: whole_number(value, low=low, high=high))


def _choice(*choices: str, others: dict[str, str] | None = None) -> PlainValidator:
    return PlainValidator(lambda value: choice(value, choices, others))


def _texts(value: object, handler: ValidatorFunctionWrapHandler) -> Any:
    return handler(mapping(value))


Raw: TypeAlias = Annotated[Mapping, PlainValidator(mapping)]
RawList: TypeAlias = Annotated[Sequence, PlainValidator(sequence)]
Texts: TypeAlias = Annotated[dict[Name, Prose], WrapValidator(_texts)]
Day: TypeAlias = Annotated[int, PlainValidator(day)]
Days: TypeAlias = Annotated[tuple[int, ...], PlainValidator(days)]


class TimeOffEntry(Entry):
    start: Time
    end: Time
    reason: Prose = ""


class UserEntry(Entry):
    name: Name
    email: Email
    timezone: ZoneName | None = None
    time_off: Annotated[list[TimeOffEntry], BeforeValidator(sequence)] = Field(default_factory=list)
    external: Texts = Field(default_factory=dict)
    renamed_from: Slug | None = None


class TeamEntry(Entry):
    name: Name | None = None
    members: Annotated[list[UserSlug], BeforeValidator(sequence)] = Field(default_factory=list)
    labels: Texts = Field(default_factory=dict)
    renamed_from: Slug | None = None
    schedules: Any = None  # `names.py` says what is wrong with it


class PlaceEntry(Entry):
    user: UserOrNobody
    from_: Annotated[Time | None, Field(alias="from")] = None
    until: Time | None = None


class AnchorEntry(Entry):
    at: Time
    user: UserOrNobody


def _place(value: object, handler: ValidatorFunctionWrapHandler, info: ValidationInfo[Reading]) -> Any:
    """A bare slug is short for a place without dates."""
    if isinstance(value, Scalar) and not value.is_null:
        short = Mapping()
        short[_USER_KEY] = value
        return handler(short)
    if isinstance(value, Scalar):
        raise wrong("OG204", "expected a user's slug, found nothing", "give a slug, or remove the entry")
    if not isinstance(value, Mapping):
        raise wrong("OG203", f"expected a user's slug, or a mapping with `user`, found {kind_of(value)}")
    if "user" not in value and len(value) == 1:
        [(key, dates)] = value.items()
        if key in info.context.users or isinstance(dates, Mapping):
            raise _named_place(value)
    return handler(value)


def _named_place(value: Mapping) -> PydanticCustomError:
    """`alice: {until: ...}`: a place is no entry of a mapping, it names its user."""
    [(user, dates)] = value.items()
    more = [f"{key}: {date}" for key, date in dates.items()] if isinstance(dates, Mapping) else []
    message = "expected a user's slug, or a mapping with `user`, found a mapping"
    return wrong(
        "OG203", message, f"write {{{', '.join([f'user: {user}', *more])}}}" if more else f"write {user}"
    )


_USER_KEY = Scalar("user")

Places: TypeAlias = Annotated[
    list[Annotated[PlaceEntry, WrapValidator(_place)]],
    Field(min_length=1, max_length=MAX_PLACES),
    BeforeValidator(sequence),
]


_EVERY_TWO_WEEKS = "write `type: weekly` with `interval: 2`"
_OTHER_TYPES = {
    **dict.fromkeys(
        ("biweekly", "fortnightly", "twoweekly", "everyotherweek", "everysecondweek"), _EVERY_TWO_WEEKS
    ),
    "monthly": "write `type: custom` with `rrule: FREQ=MONTHLY`",
    "quarterly": "write `type: custom` with `rrule: FREQ=MONTHLY;INTERVAL=3`",
    "yearly": "write `type: custom` with `rrule: FREQ=YEARLY`",
    "hourly": "write `type: custom` with `rrule: FREQ=HOURLY`",
    "rrule": "write `type: custom`",
}
"""How other systems call what we can say too."""


class TurnsEntry(Entry):
    """A rotation with turns of its own."""

    type: Annotated[str, _choice("daily", "weekly", "custom", others=_OTHER_TYPES)]
    users: Places
    interval: Annotated[int, _whole(1, MAX_INTERVAL["DAILY"])] = 1
    handoff_day: Day | None = None
    interval_days: Annotated[int | None, _whole(1, combinations.MAX_DAYS)] = None
    rrule: Annotated[str | None, PlainValidator(rule)] = None
    start: Time | None = None
    anchor: AnchorEntry | None = None

    @model_validator(mode="before")
    @classmethod
    def _go_together(cls, value: Any, info: ValidationInfo[Reading]) -> Any:
        if isinstance(value, Mapping):
            combinations.cadence(value, info.context)
        return value


class FollowingEntry(Entry):
    """A rotation that takes its turns from another schedule's."""

    follows: Annotated[str, PlainValidator(followed)]
    offset: Annotated[int, _whole(-MAX_OFFSET, MAX_OFFSET)]


def _rotation_kind(value: object) -> str:
    """A rotation with an `offset` but neither `type` nor `users` has most likely a misspelt `follows`."""
    if not isinstance(value, Mapping):
        return "<turns>"
    is_following = "follows" in value or ("offset" in value and "type" not in value and "users" not in value)
    return "<follows>" if is_following else "<turns>"


RotationEntry: TypeAlias = Annotated[
    Annotated[TurnsEntry, Tag("<turns>")] | Annotated[FollowingEntry, Tag("<follows>")],
    Discriminator(_rotation_kind),
]


class WindowEntry(Entry):
    days: Days | None = None
    from_: Annotated[tuple[int | None, int], PlainValidator(edge), Field(alias="from")]
    to: Annotated[tuple[int | None, int], PlainValidator(lambda value, info: edge(value, info, is_end=True))]


def _window(value: object, handler: ValidatorFunctionWrapHandler) -> Any:
    if isinstance(value, Mapping) and "days_of_week" in value and not {"from", "to"} & value.keys():
        hint = 'for whole days write {days: [SAT, SUN], from: "00:00", to: "24:00"}'
        raise wrong("OG203", "expected a window with `from` and `to`, found `days_of_week`", hint)
    entry: WindowEntry = handler(value)
    return window(entry.days, entry.from_, entry.to)


Window: TypeAlias = Annotated[WindowEntry, WrapValidator(_window)]
"""Comes out as the core's window, which is more than an annotation can say."""


class WholeDaysEntry(Entry):
    days_of_week: Days


def _restrictions_kind(value: object) -> str:
    return "<days>" if isinstance(value, Mapping) else "<windows>"


def _restrictions(value: object, handler: ValidatorFunctionWrapHandler) -> Any:
    if isinstance(value, Sequence):
        _refuse_whole_days(value)
    if isinstance(value, Mapping) and "days_of_week" not in value and ("from" in value or "to" in value):
        raise _single_window()
    return handler(value)


def _refuse_whole_days(value: Sequence) -> None:
    """Whole days are no windows, and stand in no list."""
    if value and all(isinstance(item, Scalar) and not item.is_null for item in value):
        better = repairs.days(", ".join(str(item) for item in value))
        hint = f"write {{days_of_week: [{', '.join(better)}]}}" if better else ""
        raise wrong("OG203", "expected a list of windows, found a list of texts", hint)
    if any(isinstance(item, Mapping) and "days_of_week" in item for item in value):
        hint = "write restrictions: {days_of_week: [SAT, SUN]}, without the list"
        raise wrong("OG203", "expected a list of windows, found `days_of_week` in a list", hint)


def _single_window() -> PydanticCustomError:
    return wrong("OG203", "expected a list of windows, found a single one", "put it in a list: [{...}]")


Windows: TypeAlias = Annotated[list[Window], Field(min_length=1), BeforeValidator(sequence)]
Restrictions: TypeAlias = Annotated[
    Annotated[WholeDaysEntry, Tag("<days>")] | Annotated[Windows, Tag("<windows>")],
    Discriminator(_restrictions_kind),
    WrapValidator(_restrictions),
]


def _coverage(value: object, handler: ValidatorFunctionWrapHandler) -> Any:
    if isinstance(value, Scalar):
        return choice(value, ("always", "none"))
    if isinstance(value, Mapping):
        raise _single_window()
    return handler(value)


Coverage: TypeAlias = Annotated[Windows, WrapValidator(_coverage)]


class LayerEntry(Entry):
    name: Name | None = None
    priority: Annotated[int, _whole(1, 1000)]
    rotation: RotationEntry
    timezone: ZoneName | None = None
    start_date: Time | None = None
    end_date: Time | None = None
    handoff_time: Clock | None = None
    active: Flag = True
    restrictions: Restrictions | None = None
    renamed_from: Slug | None = None


class ScheduleEntry(Entry):
    timezone: ZoneName
    start_date: Time
    name: Name | None = None
    description: Prose = ""
    end_date: Time | None = None
    handoff_time: Clock | None = None
    active: Flag = True
    coverage: Coverage | None = None
    labels: Texts = Field(default_factory=dict)
    renamed_from: Annotated[str | None, PlainValidator(former_schedule)] = None
    rotation: RotationEntry | None = None
    layers: Raw | None = None
    overrides: RawList | None = None


class OverrideEntry(Entry):
    user: UserOrNobody
    start: Time
    end: Time
    replaces: UserOrNobody | None = None
    reason: Prose = ""
    type: Annotated[str | None, _choice("manual", "swap")] = None
    created_by: UserSlug | None = None


class TopOverrideEntry(OverrideEntry):
    """An override outside of its schedule."""

    schedule: Annotated[str, PlainValidator(target_schedule)]


_BELOW: dict[str, type[Entry]] = {
    "time_off": TimeOffEntry,
    "anchor": AnchorEntry,
    "users": PlaceEntry,
    "coverage": WindowEntry,
}


def known_keys(model: type[Entry], loc: tuple[str | int, ...]) -> list[str]:
    """The keys of the mapping at a place below an entry, as pydantic names places."""
    names = [part for part in loc if isinstance(part, str)]
    for name in reversed(names):
        if name in ("<turns>", "<follows>"):
            return [*_keys(TurnsEntry), *_keys(FollowingEntry)]
        if name in ("<days>", "<windows>"):
            return _keys(WholeDaysEntry if name == "<days>" else WindowEntry)
        if name in _BELOW:
            return _keys(_BELOW[name])
    return _keys(model)


def _keys(model: type[Entry]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]
