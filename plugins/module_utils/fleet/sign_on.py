# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One sign-on through a realm, from the server's authorization URL to its ticket, and how the server uses the claims.

PVE does not say why it refuses a sign-on, and no server shows the claims. So the claims are fetched first, with a code that is
redeemed here, and compared with the realm, the users and the groups of the server.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any

from ..core.checks import FAILED, Check, failed, skipped
from ..core.client import Client, verification
from ..core.errors import FleetgateError
from ..core.plan import ServerState
from ..core.secrets import excerpt
from ..oidc.login import Account, Identity, Refusal, RelyingParty, query_of
from ..proxmox.client import LoginClient
from ..proxmox.realm import CLAIM_OF_TODAY
from ..proxmox.user import account_problem
from .compiler import option_rule
from .products import Product

# seconds by which clocks may differ; tickets of PVE and PBS allow as much
CLOCK_DIFFERENCE = 300
# the check that a server can begin a sign-on
DISCOVERY = "issuer as the server sees it"


@dataclass(frozen=True)
class Server:
    """A server that people sign in to: its API as the automation and as a browser see it, and what was read of it."""

    product: Product
    state: ServerState
    login_client: LoginClient
    title: str

    def realm(self, name: str) -> dict[str, Any] | None:
        """The settings of an OpenID realm."""
        found = self.state.actual("realm", {(name,)}).get((name,))
        return dict(found.values) if found and found.values.get("type") == "openid" else None

    def users(self) -> dict[str, Mapping[str, Any]]:
        return {key[0]: found.values for key, found in self.state.actual("user", None).items()}

    def groups(self) -> list[str]:
        return [key[0] for key in self.state.actual("group", None)] if self.product.has_groups else []


@dataclass
class Outcome:
    """What a sign-on led to, and the checks on the way."""

    checks: list[Check] = field(default_factory=list)
    userid: str = ""
    created: bool = False
    claims: dict[str, Any] = field(default_factory=dict)
    received: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    permissions: dict[str, list[str]] = field(default_factory=dict)

    def to_result(self) -> dict[str, Any]:
        return {
            "userid": self.userid,
            "created": self.created,
            "claims": self.claims,
            "groups": {"received": self.received, "kept": self.kept, "dropped": self.dropped},
            "permissions": self.permissions,
        }


@dataclass(frozen=True)
class Expected:
    """What the person is to have: names of groups as the provider has them, and privileges by path."""

    groups: tuple[str, ...] = ()
    permissions: Mapping[str, Iterable[str]] = field(default_factory=dict)


def login_client_for(product: Product, title: str, connection: Mapping[str, Any], address: str) -> LoginClient:
    """A client without credentials for the API at an address."""
    url = f"{address}/api2/json"
    verify = verification({"ca_path": connection.get("ca_path"), "validate_certs": connection["validate_certs"]})
    return LoginClient(title, url, timeout=connection["api_timeout"], verify=verify)


# -- the begin of a sign-on ------------------------------------------------------------------------------------------


def authorization_url(login_client: LoginClient, realm: str, address: str) -> str:
    """The URL that the server sends a browser to; for it the server reads the issuer's discovery document."""
    return str(login_client.dry_run(("access", "openid", "auth-url"), {"realm": realm, "redirect-url": address}))


def discovery_problem(server: str, realm: str, issuer: str, error: FleetgateError) -> Check | None:
    """Why a server cannot begin a sign-on with an issuer that can be used from here. None where it was not asked."""
    name, text = DISCOVERY, str(error)
    if error.no_answer or error.status is None:
        return None
    reason = text.rpartition(": ")[2] if "Request failed" not in text else text[text.index("Request failed") :]
    if "unexpected issuer" in text:
        return failed(
            name,
            f"{server}: the realm {realm} has another issuer than the discovery document"
            f" ({excerpt(text[text.index('unexpected issuer') :])}); both must be equal, including slashes",
            "run the playbook wire, which reads the issuer from the provider",
            server,
        )
    if "does not exist" in text or "no such openid" in text:
        return failed(name, f"{server} has no realm {realm}", "run the playbook wire", server)
    if "http status" in text or "parse" in text or "invalid response" in text:
        return failed(
            name,
            f"{server} gets something else than a discovery document from {issuer} ({excerpt(reason)})",
            "check issuer_url of the realm, and what stands between this server and the identity provider, such as a proxy",
            server,
        )
    if "io:" in text:
        return failed(
            name,
            f"{server} does not reach {issuer}, which the control node does ({excerpt(reason)})",
            "check DNS, routes and firewall of this server; a proxy of the control node does not apply to it",
            server,
        )
    if "Request failed" in text:
        return failed(
            name,
            f"{server} cannot read {issuer}, which the control node can ({excerpt(reason)}); most likely the server does not"
            " trust the CA that issued the certificate of the identity provider",
            "copy the certificate of the CA to /usr/local/share/ca-certificates/NAME.crt on this server, and run"
            " update-ca-certificates; if it is trusted already, check DNS and firewall",
            server,
        )
    return failed(name, f"{server} cannot begin a sign-on through the realm {realm} ({excerpt(reason)})", "", server)


def clock_offset(client: Client) -> float | None:
    """The seconds by which the clock of the last answer's server is ahead of that of the control node; None if it has none."""
    response = client._last.get("response")
    try:
        date = response.headers["Date"] if response is not None else ""
        return parsedate_to_datetime(date).timestamp() - time.time()
    except (KeyError, TypeError, ValueError):
        return None


def clock_check(server: str, of_server: float | None, of_issuer: float | None) -> Check:
    """Compare the clock of a server with that of the identity provider."""
    name = "clock"
    if of_server is None or of_issuer is None:
        return skipped(name, "an answer without a date", server)
    difference = round(of_server - of_issuer)
    if abs(difference) <= CLOCK_DIFFERENCE:
        return Check(name, server, detail=f"differs by {abs(difference)} s")
    direction = "ahead of" if difference > 0 else "behind"
    effect = (
        "ID tokens seem to have expired" if difference > 0 else "certificates and ID tokens seem to be from the future"
    )
    return failed(
        name,
        f"the clock of {server} is {_duration(abs(difference))} {direction} that of the identity provider, so {effect}",
        "correct the clock with NTP (chronyc tracking) on whichever of both is wrong",
        server,
    )


def _duration(seconds: int) -> str:
    hours, minutes = seconds // 3600, seconds // 60 % 60
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


# -- the whole way ---------------------------------------------------------------------------------------------------


@dataclass
class SignOn:
    """A sign-on of one person through a realm of a server, in a browser with the web interface at `address`."""

    server: Server
    name: str
    settings: Mapping[str, Any]
    account: Account
    issuer: tuple[Mapping[str, Any], Client]
    address: str
    expected: Expected = field(default_factory=Expected)
    outcome: Outcome = field(default_factory=Outcome)

    def perform(self) -> Outcome:
        """Every step to the end; what keeps the person from signing in is in the checks."""
        try:
            identity = self._identity()
            causes = [*self._user_checks(identity)]
            self._group_checks(identity)
            self._log_in(causes)
        except Refusal as refusal:
            self._add(failed(refusal.check, refusal.problem, refusal.remedy, self.account.person))
        except FleetgateError as error:
            self._add(failed("sign-on", str(error), "", self.account.person))
        return self.outcome

    def _add(self, *checks: Check) -> None:
        self.outcome.checks += checks

    def _identity(self) -> Identity:
        document, client = self.issuer
        asks_userinfo = self.settings.get("query_userinfo") is not False
        secret = self.settings.get("client_key") or ""
        party = RelyingParty(client, document, self.settings["client_id"], secret, asks_userinfo)
        identity = party.identity(self.account, authorization_url(self.server.login_client, self.name, self.address))
        self._add(Check("access", self.account.person, detail=f"{self.account.title} signs {self.account.person} in"))
        return identity

    # -- the user ----------------------------------------------------------------------------------------------

    def _user_checks(self, identity: Identity) -> Iterator[Check]:
        """What keeps the person from being a user; the checks that failed are the causes of a refused sign-on."""
        found = [*self._audience(identity), *self._clocks(identity), *self._username(identity)]
        userid = self.outcome.userid
        if userid:
            found += self._account_checks(userid)
        self._add(*found)
        yield from (check for check in found if check.status == FAILED)

    def _audience(self, identity: Identity) -> Iterator[Check]:
        trusted = {self.settings["client_id"], *(self.settings.get("audiences") or ())}
        further = [name for name in identity.audience if name not in trusted]
        if further:
            yield failed(
                "token",
                f"the ID token is also for {', '.join(further)}, which {self.server.title} refuses",
                "have the identity provider issue it for the client only, or list the others in audiences of the realm",
            )

    def _clocks(self, identity: Identity) -> Iterator[Check]:
        """A server whose clock is ahead takes an ID token for one that has expired."""
        server, issuer = clock_offset(self.server.login_client), clock_offset(self.issuer[1])
        if server is None or issuer is None:
            return
        check, lasts = clock_check(self.server.title, server, issuer), identity.expires - identity.issued
        if check.status == FAILED and server - issuer >= lasts > 0:
            yield check

    def _username(self, identity: Identity) -> Iterator[Check]:
        configured = self.settings.get("username_claim") or "sub"
        claim = configured if configured in identity.claims else CLAIM_OF_TODAY.get(configured, configured)
        value = identity.claims.get(claim)
        person = self.account.person
        if value is None:
            yield _absent("username claim", claim, identity.claims, person, "nobody can sign in without it")
            return
        self.outcome.claims[claim] = value
        if not isinstance(value, str):
            yield failed(
                "username claim",
                f"the claim {claim} of {person} is {_kind(value)} and not text, so it cannot be a user name",
                "have the identity provider send one text, or take another claim with username_claim of fleetgate_realm",
            )
            return
        userid = f"{value}@{self.name}"
        broken = option_rule(self.server.product, "user", "userid").problem(userid)
        if broken:
            yield failed(
                "username claim",
                f"the claim {claim} of {person} gives the user ID '{userid}', which {broken}",
                "rename the person at the identity provider, or take another claim with username_claim of fleetgate_realm",
            )
            return
        self.outcome.userid = userid
        yield Check("username claim", claim, detail=f"{person} becomes {userid}")

    def _account_checks(self, userid: str) -> Iterator[Check]:
        users, server = self.server.users(), self.server.title
        values = users.get(userid)
        if values is None:
            other = next((name for name in users if name.casefold() == userid.casefold()), None)
            if self.settings.get("autocreate"):
                yield Check("user", userid, detail=f"{server} creates the user at the sign-on")
                return
            similar = f"; it has {other}, which is another user, because names are case-sensitive" if other else ""
            yield failed(
                "user",
                f"{server} has no user {userid}, and autocreate of the realm {self.name} is off{similar}",
                "declare rights for the person and run the playbook wire, or set autocreate in fleetgate_realm",
                userid,
            )
            return
        problem = account_problem(values)
        if problem:
            why, remedy = problem
            yield failed("user", f"{userid} {why} on {server}", remedy, userid)
        else:
            yield Check("user", userid)

    # -- the groups --------------------------------------------------------------------------------------------

    def _group_checks(self, identity: Identity) -> None:
        claim = self.settings.get("groups_claim")
        if not (self.server.product.has_groups and claim):
            return
        person, value = self.account.person, identity.claims.get(claim)
        effect = f"{self.server.title} does not change the groups of {person}"
        if value is None:
            self._add(_absent("groups claim", claim, identity.claims, person, effect))
            return
        if not isinstance(value, list):
            self.outcome.claims[claim] = value
            self._add(
                failed(
                    "groups claim",
                    f"the claim {claim} of {person} is {_kind(value)} and not a list, so {effect}",
                    "have the identity provider send a list of names at the top level, also for a single group",
                    claim,
                )
            )
            return
        self.outcome.claims[claim] = value
        self.outcome.received = [name if isinstance(name, str) else str(name) for name in value]
        nested = [name for name in value if not isinstance(name, (str, int))]
        if nested:
            self._add(
                failed(
                    "groups claim",
                    f"the claim {claim} of {person} has entries that are {_kind(nested[0])} and not text, which"
                    f" {self.server.title} drops",
                    "have the identity provider send the names of the groups",
                    claim,
                )
            )
        self._sort_groups([str(name) for name in value if isinstance(name, (str, int))])

    def _sort_groups(self, names: list[str]) -> None:
        """Which names become groups, and which are dropped; declared ones that are dropped are failures."""
        rule, existing, outcome = self.server.product.group_name, set(self.server.groups()), self.outcome
        creates = bool(self.settings.get("groups_autocreate"))
        for name in names:
            group = f"{name}-{self.name}"
            is_kept = not rule.problem(name) and (creates or group in existing)
            (outcome.kept if is_kept else outcome.dropped).append(name)
        suffix = f"-{self.name}"
        known = {name.removesuffix(suffix) for name in existing if name.endswith(suffix)} | set(self.expected.groups)
        problems = [*self._dropped(known)]
        missing = [name for name in self.expected.groups if name not in outcome.kept]
        alike = {_folded(name) for name in outcome.dropped}
        problems += [
            failed(
                "groups",
                f"{self.account.person} is declared to be in the group {name}, which is not in the claim"
                f" {self.settings['groups_claim']}",
                "run the playbook wire, or add the person to the group at the identity provider",
                name,
            )
            for name in missing
            if _folded(name) not in alike and name not in names
        ]
        self._add(*(problems or [Check("groups", self.account.person, detail=self._described())]))

    def _dropped(self, known: Iterable[str]) -> Iterator[Check]:
        rule, server = self.server.product.group_name, self.server.title
        for name in self.outcome.dropped:
            alike = next((other for other in sorted(known) if _folded(other) == _folded(name)), None)
            if rule.problem(name) and alike:
                yield failed(
                    "groups",
                    f"{server} drops '{name}' of the claim {self.settings['groups_claim']}, which is most likely the group"
                    f" {alike}: only letters, digits, '.', '_' and '-' are accepted",
                    "have the identity provider send the bare name (in Keycloak without the full group path)",
                    name,
                )
            elif alike and alike != name:
                yield failed(
                    "groups",
                    f"{server} drops the group '{name}', because it has '{alike}': names are case-sensitive",
                    "declare the group with the name that the identity provider sends",
                    name,
                )
            elif alike:
                yield failed("groups", f"{server} has no group {name}-{self.name}", "run the playbook wire", name)

    def _described(self) -> str:
        dropped = f"; dropped: {', '.join(self.outcome.dropped)}" if self.outcome.dropped else ""
        return f"kept: {', '.join(self.outcome.kept) or 'none'}{dropped}"

    # -- the login ---------------------------------------------------------------------------------------------

    def _log_in(self, causes: list[Check]) -> None:
        server, login_client, person = self.server, self.server.login_client, self.account.person
        known = set(server.users())
        url = authorization_url(login_client, self.name, self.address)
        state = query_of(url)["state"]
        code = self.account.code(url)
        answer = {"state": state, "code": code, "redirect-url": self.address}
        try:
            login = login_client.write("POST", ("access", "openid", "login"), answer)
        except FleetgateError as error:
            if error.status != 401:
                raise
            self._add(self._refused(error, causes))
            return
        with login_client.understanding():
            userid, ticket = login["username"], login["ticket"]
        self.outcome.userid, self.outcome.created = userid, userid not in known
        self._add(Check("sign-on", person, detail=f"{person} is signed in as {userid}"))
        self._rights(ticket)
        if server.product.has_groups and self.outcome.received:
            self._compare_groups(userid)

    def _refused(self, error: FleetgateError, causes: list[Check]) -> Check:
        server, person = self.server.title, self.account.person
        if causes:
            why = "; ".join(cause.problem for cause in causes)
            return failed("sign-on", f"{server} refuses the sign-on of {person}: {why}", causes[0].remedy, person)
        reason = str(error).rpartition(": ")[2]
        return failed(
            "sign-on",
            f"{server} refuses the sign-on of {person} ({excerpt(reason)}), and nothing that can be read explains it",
            "the reason is in the log of the server: journalctl -u pvedaemon on PVE, -u proxmox-backup-proxy on PBS",
            person,
        )

    def _rights(self, ticket: str) -> None:
        """The effective privileges, read with the ticket of the person."""
        service = self.server.product.name.upper()
        reader = self.server.login_client.with_base_url(self.server.login_client.base_url)
        cookie = {f"{service}AuthCookie": ticket}

        def read(**query: str) -> dict[str, Any]:
            answer = reader._send("GET", ("access", "permissions"), params=query, cookies=cookie)
            return dict(answer.json()["data"])

        with reader.understanding():
            held = read()
            self.outcome.permissions = {path: sorted(privileges) for path, privileges in sorted(held.items())}
            missing = []
            for path, wanted in self.expected.permissions.items():
                effective = held[path] if path in held else read(path=path).get(path, {})
                lacking = sorted(set(wanted) - set(effective))
                missing += [(path, lacking)] if lacking else []
        about = self.outcome.userid
        self._add(
            *(
                failed(
                    "rights",
                    f"{about} lacks {', '.join(lacking)} on {path} of {self.server.title}",
                    "run the playbook wire; for groups see the checks of the groups",
                    path,
                )
                for path, lacking in missing
            )
        )
        if not missing:
            paths = len(self.expected.permissions)
            self._add(
                Check("rights", about, detail=f"as declared on {paths} path(s)" if paths else "none are declared")
            )

    def _compare_groups(self, userid: str) -> None:
        """The groups that the user is in after the sign-on, as the server has them."""
        client = self.server.state.client
        values = client.read("access", "users", userid)
        has = values.get("groups") or []
        has = has if isinstance(has, list) else has.split(",")
        lacking = [name for name in self.outcome.kept if f"{name}-{self.name}" not in has]
        if lacking:
            self._add(
                failed(
                    "groups",
                    f"{userid} is not in the groups {', '.join(lacking)} of {self.server.title} after the sign-on",
                    "see the log of the server: journalctl -u pvedaemon",
                    userid,
                )
            )


def _absent(name: str, claim: str, claims: Mapping[str, Any], person: str, effect: str) -> Check:
    """A claim that is missing at the top level, where servers look for it."""
    nested = next((outer for outer, inner in claims.items() if isinstance(inner, dict) and claim in inner), None)
    first, _dot, rest = claim.partition(".")
    if nested is None and rest and isinstance(claims.get(first), dict):
        nested = first
    if nested:
        return failed(
            name,
            f"the claim {claim} of {person} is nested in the claim {nested}, where PVE and PBS do not look for it: {effect}",
            "have the identity provider send it at the top level",
            claim,
        )
    sent = ", ".join(sorted(claims))
    return failed(
        name,
        f"the identity provider sends no claim {claim} of {person}, only {excerpt(sent)}: {effect}",
        "request the scope that it comes with in scopes of fleetgate_realm, have the provider map it, or name another claim",
        claim,
    )


def _kind(value: Any) -> str:
    if isinstance(value, str):
        return f"text ('{excerpt(value)}')"
    if isinstance(value, dict):
        return f"nested (an object with {excerpt(', '.join(map(str, value)))})"
    if isinstance(value, list):
        return "a list"
    return "true or false" if isinstance(value, bool) else "a number"


def _folded(name: str) -> str:
    """What is left of a name without case, path and separators."""
    return "".join(letter for letter in name.rpartition("/")[2].casefold() if letter.isalnum())
