"""Section 7: which callback URLs may be stored, and which redirect URIs they admit."""

from __future__ import annotations

import pytest

from .server import CLIENTS, PVE, Server, interaction, stopped, told

STORABLE = [
    PVE,
    f"{PVE}/",
    "*",
    "https://*",
    "*://x",
    "https://*.example.org:*/**",
    "https://x*y/",
    "http://x:0",
    "https://x:65535",
    "https://x/#f",
    "https://x/:id",
    "https://x/a b",
    "https://x/\u00fc",
    "https://x/a?b=[",
    "https://\u00fc.example/",
    "https://",
    "https://:8006",
    "https://x:",
    "https://-x_y",
    "https://user:pw@x",
    "https://[2001:db8::1]:8006",
    "ftp://x/",
    "app://cb",
    "myapp:/cb",
    "pve1:8006",
    "pve1.example.org:8006/x",
    "https://x/[a",
]
NOT_STORABLE = [
    "",
    "x",
    "/x",
    "pve1.example.org",
    "**",
    "://x",
    "https:x",
    "mailto:a@b",
    "myapp:cb",
    "1https://x",
    "htt*://x",
    "javascript:alert(1)",
    "JavaScript:x",
    "data:text/html,x",
    "https://a b",
    " https://x",
    "https://[::1",
    "https://[::1]x",
    "https://x:abc",
    "https://x:65536",
    "https://x:08006",
    "https://x:80:90",
    "https://x/%zz",
    "https://x/(",
    "https://x/{",
    "https://x/\\",
    "https://x/+",
    "https://x/a+",
    "https://x/a}",
    "https://x@y@z",
    "https://x/\x01",
]
HOST = "https://pve1.example.org"
MATCHES = [
    (PVE, PVE, True),
    (PVE, f"{PVE}/", True),
    (PVE, f"{PVE}/x/y", True),
    (PVE, "https://PVE1.example.org:8006", True),
    (PVE, f"{PVE}?a=1", False),
    (PVE, f"{PVE}/#x", False),
    (f"{PVE}/#x", f"{PVE}/#x", False),
    (PVE, HOST, False),
    (PVE, "http://pve1.example.org:8006", False),
    (PVE, "https://pve1.example.org:8007", False),
    (PVE, "https://xpve1.example.org:8006", False),
    (PVE, "https://user:pw@pve1.example.org:8006/", True),
    ("https://user@pve1.example.org:8006", PVE, False),
    (f"{PVE}/", PVE, True),
    (f"{PVE}/", f"{PVE}/", True),
    (f"{PVE}/", f"{PVE}/x", False),
    (f"{PVE}/a", f"{PVE}/a", True),
    (f"{PVE}/a", f"{PVE}/a/", False),
    (f"{PVE}/a/", f"{PVE}/a", False),
    (f"{PVE}/A", f"{PVE}/a", False),
    (HOST, f"{HOST}:443", True),
    (f"{HOST}:443", HOST, True),
    (HOST, PVE, False),
    ("http://x:80", "http://x", True),
    ("*", PVE, True),
    ("*", "http://x.example", True),
    ("*", "/relative", False),
    ("*", "https://x:port", False),
    (PVE, "https://[pve1.example.org:8006", False),
    ("https://*", HOST, True),
    ("https://*", PVE, False),
    ("https://*:*", PVE, True),
    (f"{HOST}:*", PVE, True),
    (f"{HOST}:*", HOST, True),
    ("https://pve*.example.org:8006", PVE, True),
    ("https://*.example.org:8006", PVE, True),
    ("https://*.example.org:8006", "https://a.b.example.org:8006", True),
    ("https://*.example.org", "https://example.org", False),
    ("*://x", "http://x", True),
    ("https://*@x", "https://x", True),
    ("https://u:*@x", "https://u:p@x", True),
    (f"{PVE}/*", f"{PVE}/x", True),
    (f"{PVE}/*", f"{PVE}/x/y", False),
    (f"{PVE}/*", PVE, False),
    (f"{PVE}/*", f"{PVE}/", False),
    (f"{PVE}/**", f"{PVE}/x/y", True),
    (f"{PVE}/**", PVE, True),
    (f"{PVE}/**/y", f"{PVE}/a/b/y", True),
    (f"{PVE}/**/y", f"{PVE}/y", False),
    # letters after a single star are its name and match nothing
    (f"{PVE}/a*b", f"{PVE}/aXb", True),
    (f"{PVE}/a*b", f"{PVE}/aX", True),
    (f"{PVE}/a*b", f"{PVE}/a/b", False),
    (f"{PVE}/?a=*", f"{PVE}/?a=1", True),
    (f"{PVE}/?a=*", f"{PVE}/", False),
    (f"{PVE}/?a=*", f"{PVE}/?a=1&b=2", False),
    (f"{PVE}/?a=*", f"{PVE}/?a=x/y", False),
    (f"{PVE}?a=1", f"{PVE}?a=1", True),
    (f"{PVE}?a=1", f"{PVE}/?a=1", True),
    (f"{PVE}/?b=1&c=2", f"{PVE}/?c=2&b=1", True),
    (f"{PVE}/?b=1&b=2", f"{PVE}/?b=2&b=1", False),
    ("http://127.0.0.1/cb", "http://127.0.0.1:99/cb", True),
    ("http://127.0.0.1:5/cb", "http://127.0.0.1:99/cb", True),
    ("http://[::1]/cb", "http://[::1]:99/cb", True),
    ("http://localhost/cb", "http://localhost:99/cb", True),
    ("http://localhost:1/cb", "http://localhost:99/cb", False),
    ("http://localhost/cb", "http://localhost:99/cb/", False),
    ("https://127.0.0.1/cb", "https://127.0.0.1:99/cb", False),
    ("http://127.0.0.1/cb", "http://localhost/cb", False),
    ("https://[2001:db8::1]:8006", "https://[2001:db8::1]:8006", True),
    ("https://[2001:db8::1]:8006", "https://[2001:db8::2]:8006", False),
    ("https://10.0.0.1:8006", "https://10.0.0.1:8006", True),
    ("app://cb", "app://cb", True),
    ("app://cb/*", "app://cb/z", True),
    ("pve1:8006", "pve1:8006", True),
    ("pve1:8006", "pve1:8006/", False),
    (f"{PVE}/#f", f"{PVE}/", True),
]


def test_7_valid_callback_urls_are_stored(server: Server) -> None:
    client = server.client()["id"]
    for urls in (STORABLE, STORABLE[::-1]):
        body = {"name": "x", "callbackURLs": urls}
        assert (
            server.ask(f"PUT {CLIENTS}/{client}", body)["callbackURLs"]
            == urls
            == server.ask(f"GET {CLIENTS}/{client}")["callbackURLs"]
        )


@pytest.mark.parametrize("url", NOT_STORABLE)
def test_7_invalid_callback_urls_are_refused(server: Server, url: str) -> None:
    body = {"name": "x", "callbackURLs": [PVE, url]}
    details = server.refused(f"POST {CLIENTS}", body, status=400, code="validation_failed")
    assert told(details) == [("callbackURLs[1]", "callback_url_pattern")]


@pytest.mark.parametrize(("pattern", "uri", "admitted"), MATCHES)
def test_7_redirect_uris_match_callback_patterns(server: Server, pattern: str, uri: str, admitted: bool) -> None:
    client = server.client(callbackURLs=["https://another.example/never", pattern])["id"]
    answer = server.authorize(client, redirect_uri=uri)
    if admitted:
        assert interaction(answer)
    else:
        assert stopped(answer) == f"The redirect_uri '{uri}' is not registered for this client."


def test_7_client_without_callback_urls_admits_no_redirect_uri(server: Server) -> None:
    assert "is not registered" in stopped(server.authorize(server.client()["id"]))
