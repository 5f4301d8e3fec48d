"""Amounts that come from outside: numbers of callers, and pauses that servers ask for."""

from __future__ import annotations

import math
from collections.abc import Mapping
from contextlib import suppress
from numbers import Real
from typing import Final, TypeGuard, cast

from urllib3.exceptions import InvalidHeader
from urllib3.util.retry import Retry

__all__ = ["is_amount", "retry_after"]

_LONGEST_HEADER: Final = 100


def is_amount(value: object) -> TypeGuard[float]:
    """Return True for a number, of Python or numpy, that is zero or more; a bool is none.

    Examples
    --------
    >>> is_amount(0.5), is_amount(float("nan")), is_amount(True), is_amount("3")
    (True, False, False, False)
    """
    if isinstance(value, bool) or not isinstance(value, Real):
        return False
    return bool(cast("float", value) >= 0)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that ``Retry-After`` asks for, as a number or a date; None if odd.

    Parameters
    ----------
    headers : mapping
        Of an answer, with names in any or in lower case.

    Examples
    --------
    >>> retry_after({"retry-after": "7"}), retry_after({"retry-after": "soon"}), retry_after({})
    (7.0, None, None)
    """
    requested = headers.get("retry-after")
    if requested is not None and len(requested) <= _LONGEST_HEADER:
        with suppress(InvalidHeader, ValueError, OverflowError):
            pause = float(Retry().parse_retry_after(requested))
            return pause if math.isfinite(pause) else None
    return None
