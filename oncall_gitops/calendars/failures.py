"""What a provider's answer means to us. Every adapter raises these alone; none of their texts quotes a token,
a header or a body."""

from __future__ import annotations

from oncall_gitops.core.errors import OncallError


class CalendarFailure(OncallError):
    """The calendar could not be kept right this time."""

    exit_code = 6


class NeedsConsent(CalendarFailure):
    """The grant is gone or too small: nothing but a new consent helps (401, invalid_grant, missing scopes)."""


class Unauthorized(CalendarFailure):
    """The access token is not accepted (401): one refresh may help, then it is a matter of consent."""


class Throttled(CalendarFailure):
    """The provider asks us to wait. `after` is in seconds, None where it did not say for how long."""

    def __init__(self, message: str, *, after: float | None = None) -> None:
        super().__init__(message)
        self.after = after


class Unavailable(CalendarFailure):
    """No usable answer (5xx, time-out, cut connection, truncated text): whether the call had an effect is unknown."""


class CalendarGone(CalendarFailure):
    """The calendar itself is no longer there."""


class Refused(CalendarFailure):
    """The provider refuses this one call for good (400): trying the same again will not help."""


class Changed(CalendarFailure):
    """The event changed under us (412); the next run sees it as it is."""
