"""OpenID issuers: tables for the tests of all modules."""

from __future__ import annotations


def connection(wired):
    return {"issuer": wired.fleet.pocketid.url, "ca_path": str(wired.fleet.authority.bundle)}


# given to modules or kept by servers, and never to be seen
HIDDEN = ()

# tasks that use every module, in an order in which they can run
EVERY_MODULE = [("oidc_info", {"claims": ["groups"]})]

# case: module, options, pattern of the message
BAD_INPUT = {
    "a forbidden issuer": (
        "oidc_info",
        {"issuer": "http://id.example.org"},
        "issuer: 'http://id.example.org' must be an https:// URL",
    ),
    "no issuer": ("oidc_info", {"issuer": ""}, "issuer: .* must not be empty"),
}
