"""Requirements of PVE and PBS on an issuer, reported before the first login: one issuer for each fault, and one without."""

from __future__ import annotations

import re

import pytest
from werkzeug import Response

from tests.contract.provider import Provider
from tests.contract.stage import staged
from tests.simulators.server import Authority

HTML = Response("<!doctype html>", content_type="text/html")
CLIENT = {
    "client_id": "pve",
    "client_secret": "a-secret-of-any-issuer",
    "redirect_uris": ["https://pve1.example.org:8006"],
}


def without(name):
    return lambda provider: provider.metadata.update({name: None})


def saying(**metadata):
    return lambda provider: provider.metadata.update(metadata)


def answering(page, status, body):
    return lambda provider: provider.broken.update({page: Response(body, status, content_type="application/json")})


# fault: how the issuer gets it, options of the task, pattern of the problem (None: no problem)
CASES = {
    "nothing": (lambda provider: None, {}, None),
    "another issuer": (
        saying(issuer="https://elsewhere.example.org"),
        {},
        "identifies itself as 'https://elsewhere.example.org', .*that issuer has no discovery document",
    ),
    "a trailing slash": (
        lambda provider: provider.metadata.update(issuer=f"{provider.issuer}/"),
        {},
        "realms must have exactly 'https://.*/', including slashes",
    ),
    "an issuer for all tenants": (
        saying(issuer="https://login.example.org/{tenantid}/v2.0"),
        {},
        "is for all tenants.* set the issuer of your own tenant",
    ),
    "an internal issuer": (
        saying(issuer="http://keycloak:8080/realms/x"),
        {},
        "must be an https:// URL .*set the public https:// address of the identity provider",
    ),
    "no key set in its document": (without("jwks_uri"), {}, "its discovery document lacks jwks_uri"),
    "no token endpoint": (without("token_endpoint"), {}, "its discovery document lacks token_endpoint"),
    "no code": (saying(response_types_supported=["id_token"]), {}, "it does not support the response type code"),
    "no RS256": (saying(id_token_signing_alg_values_supported=["ES256"]), {}, "it does not sign with RS256"),
    "no keys": (answering("jwks", 200, "{}"), {}, "its key set has no RSA key"),
    "an unreachable key set": (answering("jwks", 500, ""), {}, "was refused with 500"),
    "an HTML page as key set": (
        lambda provider: provider.broken.update(jwks=HTML),
        {},
        r"\(text/html\) is not one of this API",
    ),
    "no scope groups": (saying(scopes_supported=["openid", "email"]), {"scopes": ["email", "groups"]}, None),
    "no claim groups": (saying(claims_supported=["sub", "email"]), {"claims": ["groups"]}, None),
    "no Basic": (
        saying(token_endpoint_auth_methods_supported=["private_key_jwt"]),
        {},
        "it does not accept client secrets by HTTP Basic",
    ),
    "no S256": (saying(code_challenge_methods_supported=["plain"]), {}, "it does not support the PKCE method S256"),
    "no TLS": (saying(token_endpoint="http://id.example.org/token"), {}, "its token_endpoint is not an https:// URL"),
    "a right secret": (answering("token", 400, '{"error": "invalid_grant"}'), CLIENT, None),
    "a wrong secret": (
        answering("token", 401, '{"error": "invalid_client"}'),
        CLIENT,
        "the issuer rejects the secret of the client pve, or all of its redirect_uris",
    ),
    "a wrong secret, as Keycloak says it": (
        answering("token", 401, '{"error": "unauthorized_client"}'),
        CLIENT,
        "the issuer rejects the secret of the client pve",
    ),
    "an empty response": (answering("token", 400, '{"error": "invalid_request"}'), CLIENT, None),
}
WARNED = {"no scope groups": "the scope groups", "no claim groups": "the claim groups"}
ACCEPTED = {
    "a right secret": True,
    "a wrong secret": False,
    "a wrong secret, as Keycloak says it": False,
    "an empty response": None,
}


@pytest.fixture(scope="module")
def asked(tmp_path_factory, ansible):
    """The results for all issuers, each below its own path, in one run; and for one with an untrusted certificate."""
    authority = Authority(tmp_path_factory.mktemp("authority"))
    with staged(authority) as stage:
        providers = {f"/{number}": Provider(f"{stage.url}/{number}", ("pve", None)) for number in range(len(CASES))}
        stage.app = lambda environ, start_response: providers["/" + environ["PATH_INFO"].split("/")[1]](
            environ, start_response
        )
        tasks = []
        for provider, (name, (spoil, options, _message)) in zip(providers.values(), CASES.items()):
            spoil(provider)
            given = {"issuer": provider.issuer, "ca_path": str(authority.bundle), "scopes": [], **options}
            tasks.append({"name": name, "fleetgate.proxmox.oidc_info": given})
        tasks.append({"name": "a stranger", "fleetgate.proxmox.oidc_info": {"issuer": f"{stage.url}/0"}})
        tasks.append(
            {"name": "half a client", "fleetgate.proxmox.oidc_info": {"issuer": f"{stage.url}/0", "client_id": "pve"}}
        )
        return ansible.tasks(tasks, "-vvvv", secrets=(CLIENT["client_secret"],))


@pytest.mark.parametrize("case", CASES)
def test_problem_of_an_issuer_is_reported(asked, case):
    (result,) = asked.results(case)
    assert not result["failed"], result
    message = CASES[case][2]
    if message is None:
        assert result["problems"] == []
    else:
        assert [problem for problem in result["problems"] if re.search(message, problem)], result["problems"]
    warnings = (
        [
            f"its discovery document does not list {WARNED[case]}, which the issuer may still support; try a login if in doubt"
        ]
        if case in WARNED
        else []
    )
    assert result.get("warnings", []) == warnings
    assert result.get("accepted", "not asked") == ACCEPTED.get(case, "not asked")


def test_untrusted_certificate_is_reported(asked):
    (result,) = asked.results("a stranger")
    assert (
        result["failed"]
        and "the certificate of https://127.0.0.1:" in result["msg"]
        and "is not trusted" in result["msg"]
    )


def test_client_options_are_required_together(asked):
    (result,) = asked.results("half a client")
    assert "client_id: requires client_secret and redirect_uris" in result["msg"]


def test_client_secret_is_not_printed(asked):
    assert CLIENT["client_secret"] not in asked.output
