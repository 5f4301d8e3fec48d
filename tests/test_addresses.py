"""Web addresses: one form for one page, the host behind an address, and this machine."""

from __future__ import annotations

import pytest

from findall_frames.addresses import Domains, cell_of, is_loopback, normalized_url, resume_call


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com",
        "https://www.Example.com/",
        "example.com",
        "//example.com/",
        "https://example.com:443/#top",
        "HTTPS://user@EXAMPLE.com./?utm_source=x&gclid=1",
    ],
)
def test_spellings_of_one_address_have_one_normal_form(url: str) -> None:
    """Scheme, case, port, fragment and tracking parameters make no difference."""
    assert normalized_url(url) == "example.com"


def test_other_pages_have_other_addresses() -> None:
    """Path, port, scheme and other parameters count; text that is no address has none."""
    assert normalized_url("https://a.example/B/") == "a.example/B"
    assert normalized_url("a.example?b=2&a=1&utm_medium=x") == "a.example?a=1&b=2"
    assert normalized_url("http://a.example:8080/") == "a.example:8080"
    assert normalized_url("local://packages/x/") == "local://packages/x"
    assert normalized_url("https://www.com") == "www.com"
    for nothing in ("", "no address", "http://", "https://[broken", "a.example:port"):
        assert normalized_url(nothing) is None


@pytest.mark.parametrize(
    ("url", "cell"),
    [
        ("local://cities/Rome#founded%20in", ("cities", "founded in")),
        ("local://cities", ("cities", "")),
        ("local://[broken#a#b", ("[broken", "a#b")),
        ("https://example.com/#a", None),
    ],
)
def test_an_address_in_own_data_names_a_table_and_a_column(
    url: str, cell: tuple[str, str] | None
) -> None:
    """What a service made up does no harm."""
    assert cell_of(url) == cell


def test_domains_are_hosts_in_lower_case() -> None:
    """Without scheme, user and port; text that is no address has no domain."""
    expected = {
        "https://www.Example.com/a b": "example.com",
        "cognition.ai": "cognition.ai",
        "a.b/c/d": "a.b",
        "local://packages/x": "packages",
        "https://user:pass@host.de:80/x": "host.de",
        "//cdn.example/x": "cdn.example",
        "WWW.GOV.uk.": "gov.uk",
        "www.com": "www.com",
        "http://[::1]:80/": "[::1]",
        "https://medium.com/@someone": "medium.com",
        "https://müller.DE?q=1": "müller.de",
        "javascript:alert(1)": None,
        "urn:isbn:3": None,
        "Companies House, filing 3": None,
        "": None,
    }
    assert dict(zip(expected, Domains().of(list(expected)), strict=True)) == expected


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("http://127.0.0.1:8765/v1", True),
        ("http://localhost", True),
        ("https://[::1]:80/", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("0.0.0.0", False),
        ("http://localhost.example", False),
        ("https://api.example", False),
        ("", False),
    ],
)
def test_loopback_is_this_machine_alone(address: str, expected: bool) -> None:
    """Whether a URL or a host is given."""
    assert is_loopback(address) is expected


def test_the_resume_call_names_a_service_that_is_not_the_default(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The call works as it stands, whichever service the run belongs to."""
    here = "http://127.0.0.1:8801"
    long_form = f'ff.resume("findall_1", client=ff.Client(base_url="{here}"))'
    assert resume_call("findall_1", service=here) == long_form
    monkeypatch.setenv("PARALLEL_BASE_URL", here + "/")
    assert resume_call("findall_1", service=here) == 'ff.resume("findall_1")'
