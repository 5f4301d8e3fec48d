"""Errors survive pickling and copying, as they do when another process raises them."""

from __future__ import annotations

import copy
import importlib
import inspect
import multiprocessing
import pickle
import pkgutil
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import pytest

import findall_frames as ff
from tests.support.scripted import result

for _module in pkgutil.walk_packages(ff.__path__, "findall_frames."):
    if not _module.name.endswith("__main__"):
        importlib.import_module(_module.name)


def descendants(kind: type) -> Iterator[type]:
    """Yield the classes of this package that are derived from one."""
    for child in kind.__subclasses__():
        if child.__module__.startswith("findall_frames."):
            yield child
        yield from descendants(child)


ERRORS = sorted(set(descendants(BaseException)), key=lambda kind: kind.__qualname__)
VALUES: dict[str, Any] = {
    "message": "It stopped.",
    "findall_id": "findall_1",
    "token": "t0k3n",
    "path": "$.candidates[3].name",
    "status_code": 429,
    "ref_id": "r1",
    "detail": {"error": {"message": "no", "deep": [1, None]}},
    "retry_after": 7.5,
    "loc": ["body", "objective"],
    "kind": "missing",
    "frames": ff.flatten(result(2)),
}


def made(kind: Any) -> Any:
    """Return an error with a value for each parameter, a note and an attribute of its own."""
    parameters = inspect.signature(kind.__init__).parameters.values()
    named = {
        parameter.name: VALUES.get(parameter.name, True)
        for parameter in parameters
        if parameter.kind is parameter.KEYWORD_ONLY
    }
    error = kind(VALUES["message"], **named)
    error.add_note("A note.")
    error.more = ["anything"]
    return error


COPIES: dict[str, Callable[[Any], Any]] = {
    **{
        f"pickle {protocol}": lambda error, protocol=protocol: pickle.loads(
            pickle.dumps(error, protocol)
        )
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1)
    },
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
}


@pytest.mark.parametrize("way", COPIES.values(), ids=COPIES.keys())
@pytest.mark.parametrize("kind", ERRORS, ids=lambda kind: kind.__qualname__)
def test_a_copy_of_an_error_is_equal_to_it(kind: type, way: Callable[[Any], Any]) -> None:
    """In its class, message, notes and every attribute."""
    error = made(kind)
    again = way(error)
    assert type(again) is kind
    assert (str(again), again.args) == (str(error), error.args)
    assert vars(again).keys() == vars(error).keys()
    for name, value in vars(error).items():
        if isinstance(value, ff.FindAllFrames):
            assert vars(again)[name].matches.equals(value.matches)
        else:
            assert vars(again)[name] == value, name


def test_the_errors_of_this_module_are_those_of_the_package() -> None:
    """All public ones are among them."""
    public = {getattr(ff.errors, name) for name in ff.errors.__all__}
    assert {each for each in public if isinstance(each, type)} <= {ff.FindAllError, *ERRORS}
    assert len(ERRORS) > 30


class _CustomError(ff.FindAllError):
    """An error of a user, with parameters of its own."""

    def __init__(self, size: int, *, unit: str) -> None:
        super().__init__(f"{size} {unit}")
        self.size = size


def test_a_deep_copy_shares_nothing() -> None:
    """A copy does."""
    error = made(ff.errors.APIError)
    assert copy.copy(error).detail is error.detail
    assert copy.deepcopy(error).detail is not error.detail


def test_an_error_derived_from_ours_is_copied_as_well() -> None:
    """Whatever its parameters are."""
    again = pickle.loads(pickle.dumps(_CustomError(3, unit="rows")))
    assert (type(again), str(again), again.size) == (_CustomError, "3 rows", 3)


def refuse(number: int) -> None:
    """Raise what the service answered, in another process."""
    raise ff.errors.RateLimitError(
        f"busy {number}", status_code=429, findall_id="findall_1", retry_after=7.0
    )


def test_an_error_raised_in_another_process_arrives() -> None:
    """A pool would wait for ever for one that can't be unpickled."""
    spawn = multiprocessing.get_context("spawn")
    with spawn.Pool(1) as pool, pytest.raises(ff.errors.RateLimitError) as caught:
        pool.map_async(refuse, [1]).get(timeout=60)
    assert (caught.value.status_code, caught.value.retry_after) == (429, 7.0)
    with (
        ProcessPoolExecutor(1, mp_context=spawn) as executor,
        pytest.raises(ff.errors.RateLimitError, match="busy 2") as caught,
    ):
        executor.submit(refuse, 2).result(timeout=60)
    assert caught.value.findall_id == "findall_1"
