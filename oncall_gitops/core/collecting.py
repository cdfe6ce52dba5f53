"""When Python looks for garbage: not while everything that is made is kept."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected(*, to_the_end: bool = False) -> Iterator[None]:
    """Values are made and kept, none of it garbage: looking for some, again and again, would double the time.

    What a command keeps `to_the_end` of the process is not looked through afterwards either.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            if to_the_end:
                gc.freeze()
            gc.enable()
