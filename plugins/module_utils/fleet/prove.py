# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The proof that people can sign in on one host of a fleet, and why not. Nothing is written but what a sign-on itself does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..core.checks import FAILED, Check, as_results, failed, failures, skipped
from ..core.client import Client, verification
from ..core.errors import FleetgateError
from ..core.hosts import in_url, without_brackets
from ..core.module import Definition
from ..core.oidc import discover, other_name, secret_is_right, shortcomings, unadvertised
from ..core.plan import Plan, ServerState, make_plan
from ..oidc.login import Refusal, not_registered, registered
from ..proxmox.shell import ADDRESS
from .compiler import members_of, rights_on, username_claim
from .declaration import Declaration, Group, Person, Place, secrets_in
from .emergency import deficiencies
from .entries import typed_options
from .hidden import hidden as hidden_of_fleet
from .host import SPEC as HOST_SPEC
from .host import Compiled, compile_host, secrets_of, sign_in_blockers, wiring_of, with_warnings
from .products import PRODUCTS, Product
from .provider import issuer_options, provider_of
from .providers import Provider
from .sign_on import (
    DISCOVERY,
    Expected,
    Outcome,
    Server,
    SignOn,
    authorization_url,
    clock_check,
    clock_offset,
    discovery_problem,
    login_client_for,
)
from .undeclared import IGNORE

# the options of fleetgate_prove
OPTIONS: dict[str, dict[str, Any]] = {
    "person": {"type": "str"},
    "password": {"type": "str", "no_log": True},
    "json": {"type": "path"},
    "junit": {"type": "path"},
}
_NOT_OF_A_PROOF = ("stage", "client_secret", "undeclared")
SPEC: dict[str, dict[str, Any]] = {
    **{name: option for name, option in HOST_SPEC.items() if name not in _NOT_OF_A_PROOF},
    "idp": {"type": "raw"},
    "prove": {"type": "raw"},
    "session": {"type": "str", "no_log": True},
    "not_signed_in": {"type": "str"},
}


def run(params: dict[str, Any], check_mode: bool) -> dict[str, Any]:
    product = PRODUCTS[params["product"]]
    place = Place.of(params["host"])
    try:
        proof = _begin(params, product, place)
    except FleetgateError as error:
        return {"changed": False, "checks": as_results(_stopped(error, place))}
    try:
        with proof.compiled.client.understanding():
            proof.examine(params, check_mode)
    except FleetgateError as error:
        return {"changed": False, "checks": as_results([*proof.checks, *_stopped(error, place)])}
    connects = not any(check.status == FAILED and check.name == DISCOVERY for check in proof.checks)
    return {
        "changed": proof.outcome.created,
        "checks": as_results(proof.checks),
        "sign_on": proof.outcome.to_result(),
        "secrets": secrets_of(proof.compiled),
        "wiring": wiring_of(proof.compiled, bool(proof.plan and proof.plan.steps), connects),
        **with_warnings(proof.compiled.entries.warnings),
    }


def _stopped(error: FleetgateError, place: Place) -> list[Check]:
    """What ended the proof of a host: a server that cannot be read, or a declaration that is wrong."""
    return failures("server" if error.no_answer or error.status else "declaration", error.problems, place.name)


def _begin(params: dict[str, Any], product: Product, place: Place) -> Proof:
    """The compiled host. What is wrong with the declaration is refused together."""
    options = typed_options(params["prove"], OPTIONS, "fleetgate_prove")
    idp = params["idp"]
    provider = provider_of(idp)
    wired = {**params, "client_secret": None, "undeclared": IGNORE}
    compiled = compile_host(wired, product, place, read_only=True, check_connection=False)
    return Proof(compiled, provider, idp, options, params["members"])


@dataclass
class Proof:
    """The checks of one host, in the order in which one failure explains the next."""

    compiled: Compiled
    provider: Provider
    idp: Mapping[str, Any]
    options: Mapping[str, Any]
    members: Mapping[str, Iterable[str]]
    checks: list[Check] = field(default_factory=list)
    plan: Plan | None = None
    outcome: Outcome = field(default_factory=Outcome)
    # seconds by which the clock of the identity provider is ahead of that of the control node
    issuer_clock_offset: float | None = None

    @property
    def state(self) -> ServerState:
        return self.compiled.state

    @property
    def host(self) -> str:
        return self.compiled.place.name

    @property
    def realm(self) -> str:
        return str(self.compiled.realm["realm"])

    def examine(self, params: Mapping[str, Any], check_mode: bool) -> None:
        self.checks += self._as_declared()
        self.checks.insert(0, Check("server", self.host, detail=self.compiled.client.title))
        self.checks += failures("accounts", sign_in_blockers(self.compiled, self.state, dict(params)), self.host)
        self.checks += [*self._group_names(), *self._way_in()]
        found = self.state.actual("realm").get((self.realm,))
        if found is None or found.values.get("type") != "openid":
            self.checks.append(
                failed("realm", f"{self.host} has no OpenID realm {self.realm}", "run the playbook wire", self.realm)
            )
            return
        settings = dict(found.values)
        issuer = self._issuer(settings)
        if issuer is None:
            return
        document, client = issuer
        self.checks += self._scopes(settings, document)
        self.checks += self._nodes(settings)
        self.checks += self._client(settings, document, client)
        self._sign_in(params, check_mode, settings, issuer)

    # -- the declaration ---------------------------------------------------------------------------------------

    def _as_declared(self) -> Iterator[Check]:
        """Realm, groups, users, roles and ACL, as the preflight of wire sees them."""
        try:
            self.plan = make_plan(self.state, self.compiled.desired, self.compiled.entries.scopes)
        except FleetgateError as error:
            if error.no_answer or error.status:
                raise
            yield from failures("declaration", error.problems, self.host)
            return
        kinds = dict.fromkeys(desired.resource for desired in self.compiled.desired)
        for kind in kinds:
            place = kind.collection
            reasons = [step.reason for step in self.plan.steps if step.path[: len(place)] == place]
            name = f"{kind.name} as declared"
            yield (
                failed(
                    name,
                    f"{self.host}: {'; '.join(reasons)}",
                    "run the playbook wire, or declare what the server has",
                    self.host,
                )
                if reasons
                else Check(name, self.host)
            )

    def _group_names(self) -> Iterator[Check]:
        """Groups of the server that differ from the declared ones in case only."""
        if not self.compiled.product.has_groups:
            return
        existing = {key[0] for key in self.state.actual("group", None)}
        wanted = {f"{group.name}-{self.realm}" for group in self.compiled.declared.groups if group.present}
        folded = {name.casefold(): name for name in wanted}
        alike = [(name, folded[name.casefold()]) for name in sorted(existing - wanted) if name.casefold() in folded]
        for name, other in alike:
            yield failed(
                "group names",
                f"{self.host} has the group {name} beside the declared {other}: names are case-sensitive, so members of one have"
                " none of the rights of the other",
                "remove the group that is not used, or declare the name that the identity provider sends",
                name,
            )
        if not alike:
            yield Check("group names", self.host)

    def _way_in(self) -> Iterator[Check]:
        """Whether the declared account can administer the server while the identity provider is down."""
        name, account = "emergency account", self.compiled.emergency
        if account is None or not account.userid:
            yield skipped(name, "none is declared" if account is None else "none is wanted", self.host)
            return
        found = list(deficiencies(account, self.compiled.way_in(), Plan()))
        detail = f"proven on {account.proven}" if account.proven else ""
        yield from (failed(name, one.problem, one.remedy, account.userid) for one in found)
        if not found:
            yield Check(name, account.userid, detail=detail)

    # -- the issuer --------------------------------------------------------------------------------------------

    def _issuer(self, settings: Mapping[str, Any]) -> tuple[Mapping[str, Any], Client] | None:
        """The discovery document of the realm's issuer, as the control node reads it."""
        issuer = str(settings["issuer_url"])
        try:
            options = issuer_options(self.idp, issuer)
            document, client = discover(issuer, options["timeout"], verification(options))
            with client.understanding():
                keys = client.with_base_url(document["jwks_uri"]).read().get("keys", [])
                problems = [*other_name(issuer, document, client), *shortcomings(issuer, document, keys)]
        except FleetgateError as error:
            self.checks += failures(
                "issuer", [f"{problem}; run the playbook wire" for problem in error.problems], issuer
            )
            return None
        self.issuer_clock_offset = clock_offset(client)
        self.checks += [
            failed("issuer", problem, "run the playbook wire, which reads the issuer from the provider", issuer)
            for problem in problems
        ] or [Check("issuer", issuer)]
        return document, client

    def _scopes(self, settings: Mapping[str, Any], document: Mapping[str, Any]) -> Iterator[Check]:
        """The scopes that the realm requests, and whether the claims that it uses come with them."""
        scopes = ["openid", *(settings.get("scopes") or ("email", "profile"))]
        has_groups = self.compiled.product.has_groups
        claims = {username_claim(self.compiled.declared): "nobody can sign in"}
        if has_groups and settings.get("groups_claim"):
            claims[settings["groups_claim"]] = "nobody is in a group"
        problems = []
        for claim, effect in claims.items():
            scope = self.provider.scope_of_claim.get(claim)
            if scope and self.provider.knows_its_claims and scope not in scopes:
                problems.append(
                    f"{self.host}: the realm {self.realm} does not request the scope {scope}, without which"
                    f" {self.provider.title} sends no claim {claim}, and {effect}; add it to scopes of fleetgate_realm, and run"
                    " the playbook wire"
                )
        unlisted = unadvertised(dict(document), scopes, claims)
        if problems:
            yield from failures("scopes and claims", problems, self.realm)
        else:
            yield Check("scopes and claims", self.realm, detail="; ".join(unlisted))

    # -- the server as a relying party -------------------------------------------------------------------------

    def _nodes(self, settings: Mapping[str, Any]) -> Iterator[Check]:
        """Have every node begin a sign-on: each has its own trust store, network and clock."""
        url, realm = str(settings["issuer_url"]), self.realm
        for name, address in self._node_urls():
            login_client = login_client_for(self.compiled.product, name, self.compiled.connection, address)
            try:
                authorization_url(login_client, realm, "https://localhost")
                yield Check(DISCOVERY, name)
            except FleetgateError as error:
                problem = discovery_problem(name, realm, url, error)
                yield problem or skipped(DISCOVERY, f"not reached from the control node: {error}", name)
                if problem is None:
                    continue
            yield clock_check(name, clock_offset(login_client), self.issuer_clock_offset)

    def _node_urls(self) -> Iterator[tuple[str, str]]:
        """The nodes of the server by name, with their addresses; the first is that of the API."""
        connection, server = self.compiled.connection, self.compiled.server
        port = self._port()
        host = without_brackets(str(connection.get("api_host") or self.host))
        yield self.host, f"https://{in_url(host)}:{port}"
        if len(server.ips) == len(server.nodes) > 1:
            for node, ip in zip(server.nodes, server.ips):
                if ip != host and node != host.partition(".")[0]:
                    yield node, f"https://{in_url(ip)}:{port}"

    def _port(self) -> int:
        return int(self.compiled.connection["api_port"])

    # -- the client at the provider ----------------------------------------------------------------------------

    def _client(self, settings: Mapping[str, Any], document: Mapping[str, Any], client: Client) -> Iterator[Check]:
        """The client's secret, and the redirect URI of each name that people use."""
        client_id, secret = str(settings["client_id"]), str(settings.get("client_key") or "")
        uris = [uri for uri in self.compiled.addresses.all if "*" not in uri]
        endpoint, accepted = str(document.get("token_endpoint", "")), {}
        if secret:
            try:
                tried = uris if self.provider.compares_redirect_uris else uris[:1]
                for uri in tried:
                    accepted[uri] = secret_is_right(client, endpoint, client_id, secret, uri)
            except FleetgateError as error:
                yield skipped("client secret", str(error), client_id)
            else:
                yield self._secret(client_id, accepted)
        else:
            yield skipped("client secret", "the realm has none, or the caller may not read it", client_id)
        for uri in uris:
            yield self._redirect(settings, document, client, uri, accepted)

    def _secret(self, client_id: str, accepted: Mapping[str, bool]) -> Check:
        if any(accepted.values()):
            return Check("client secret", client_id)
        or_uris = ", or none of its redirect URIs is registered," if self.provider.compares_redirect_uris else ""
        return failed(
            "client secret",
            f"{self.host}: {self.provider.title} rejects the secret that the realm {self.realm} has for the client {client_id}{or_uris}"
            " so nobody can sign in",
            "run the playbook wire, which gives the realm a secret that works, or correct secret in fleetgate_client",
            client_id,
        )

    def _redirect(
        self,
        settings: Mapping[str, Any],
        document: Mapping[str, Any],
        client: Client,
        uri: str,
        accepted: Mapping[str, bool],
    ) -> Check:
        name, client_id = "redirect URI", str(settings["client_id"])
        if self.provider.compares_redirect_uris:
            if not any(accepted.values()):
                return skipped(name, "cannot be checked before the client secret is right", uri)
            refusal = None if accepted[uri] else not_registered(self.provider.title, uri, client_id)
        elif self.provider.system is None and not all(accepted.values()):
            # an issuer that compares them might store the one that it is asked for
            return skipped(name, "cannot be checked before the client secret is right", uri)
        else:
            scopes = " ".join(dict.fromkeys(("openid", *(settings.get("scopes") or ()))))
            try:
                refusal = registered(client, str(document["authorization_endpoint"]), client_id, scopes, uri)
            except FleetgateError as error:
                return skipped(name, str(error), uri)
        return failed(refusal.check, refusal.problem, refusal.remedy, uri) if refusal else Check(name, uri)

    # -- the sign-on of a person -------------------------------------------------------------------------------

    def _sign_in(
        self,
        params: Mapping[str, Any],
        check_mode: bool,
        settings: Mapping[str, Any],
        issuer: tuple[Mapping[str, Any], Client],
    ) -> None:
        person = self.options.get("person") or ""
        why_not = self._why_not(person, check_mode, params["not_signed_in"] or "")
        if why_not:
            self.checks.append(skipped("sign-on", why_not, person))
            return
        product, connection = self.compiled.product, self.compiled.connection
        _name, own = next(self._node_urls())
        address = next((uri for uri in self.compiled.addresses.all if "*" not in uri), own)
        server = Server(product, self.state, login_client_for(product, self.host, connection, own), self.host)
        try:
            account = self.provider.sign_in(
                self.idp, person, self.options.get("password") or "", params["session"] or ""
            )
        except Refusal as refusal:
            self.checks.append(failed(refusal.check, refusal.problem, refusal.remedy, person))
            return
        except FleetgateError as error:
            self.checks.append(failed("sign-on", str(error), about=person))
            return
        expected = expected_of(product, self.compiled.declared, self.compiled.place, self.members, person, self.state)
        self.outcome = SignOn(server, self.realm, settings, account, issuer, address, expected).perform()
        self.checks += self.outcome.checks

    def _why_not(self, person: str, check_mode: bool, not_signed_in: str) -> str:
        if not person:
            return "no person is named in fleetgate_prove"
        if check_mode:
            return "nobody signs in in check mode"
        if not_signed_in:
            return not_signed_in
        if self.compiled.client.base_url == ADDRESS:
            return "needs connection=https in fleetgate_api"
        if any(
            check.status == FAILED and check.name == DISCOVERY and check.about == self.host for check in self.checks
        ):
            return "the server cannot begin a sign-on"
        return ""


def expected_of(
    product: Product,
    declared: Declaration,
    place: Place,
    members: Mapping[str, Iterable[str]],
    person: str,
    state: ServerState,
) -> Expected:
    """The groups and privileges that the declaration gives a person on a host."""
    groups = [group for group in declared.groups if group.present and person in members_of(group, members)]
    own = [one for one in declared.users if one.present and one.name == person]
    roles = {key[0]: found.values.get("privs") or () for key, found in state.actual("role", None).items()}
    by_group: dict[str, set[str]] = {}
    by_person: dict[str, set[str]] = {}
    for holder in (*groups, *own):
        found = by_person if isinstance(holder, Person) or not product.has_groups else by_group
        for right in rights_on(holder, product) or ():
            if right.applies(place):
                found.setdefault(right.path, set()).update(right.roles)
    # entries of the user replace those of its groups on the same path
    granted = {**by_group, **by_person}
    permissions = {
        path: sorted({privilege for role in names for privilege in roles.get(role, ())})
        for path, names in granted.items()
        if "NoAccess" not in names
    }
    named = tuple(group.name for group in groups if _has_rights_on(group, product, place)) if product.has_groups else ()
    return Expected(named, permissions)


def _has_rights_on(group: Group, product: Product, place: Place) -> bool:
    """Whether the group exists on a host: only groups with rights there are created."""
    return any(right.applies(place) for right in rights_on(group, product) or ())


def hidden(params: Mapping[str, Any]) -> Iterator[str]:
    """The secrets in the options."""
    yield from hidden_of_fleet(params)
    yield from secrets_in(OPTIONS, params.get("prove"))


PROVE = Definition(SPEC, run, hidden=hidden)
