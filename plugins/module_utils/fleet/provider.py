# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The identity provider of a fleet: its preflight, and the task that creates people and clients there and returns the secrets."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ..core.checks import SKIPPED, Check, as_results, problems_of
from ..core.errors import FleetgateError, refuse
from ..core.module import Definition
from ..core.plan import Desired, ServerState, converge
from ..oidc.info import SPEC as ISSUER_OPTIONS
from ..oidc.info import run as issuer_info
from ..oidc.offboarding import Offboarding
from .compiler import Client, Issuer, Wiring, aliases, clients, leaders, username_claim
from .declaration import CLIENT, Declaration, declaration, secrets_in
from .entries import MAX_REMOVALS, Entries, typed_options
from .hidden import hidden as hidden_of_fleet
from .host import Problems, ending_warning, with_warnings
from .host_secrets import Supply, supply, with_own_secret
from .keep import SPEC as KEEP
from .keep import Keep
from .leaving import Done, Ended, by_hand, leaving_at, places_of
from .products import PRODUCTS
from .providers import PROVIDERS, Provider
from .undeclared import IGNORE, REMOVE, REPORT, WHERE, Report, policy
from .until import ending

SPEC: dict[str, dict[str, Any]] = {
    "stage": {"type": "str", "choices": ["preflight", "apply", "register", "secrets", "prune"], "required": True},
    "idp": {"type": "raw"},
    "realm": {"type": "raw"},
    "users": {"type": "raw"},
    "groups": {"type": "raw"},
    "members": {"type": "dict", "default": {}},
    "hosts": {"type": "list", "elements": "dict", "default": [], "no_log": False},
    "outside": {"type": "dict", "default": {}},
    "undeclared": {"type": "raw"},
    "left_out": {"type": "list", "elements": "str", "default": []},
    "removals": {"type": "list", "elements": "dict", "default": [], "no_log": False},
    "people_differ": {"type": "bool", "default": False},
    **KEEP,
}
# the options of fleetgate_idp that are those of oidc_info
_OF_ISSUER = ("ca_path", "validate_certs", "timeout")


def issuer_options(idp: Mapping[str, Any], issuer: str, **more: Any) -> dict[str, Any]:
    """The typed options of oidc_info for an issuer, with the connection options in fleetgate_idp, or those of its environment."""
    options = {option: idp[option] for option in _OF_ISSUER if idp.get(option) is not None}
    if system := provider_of(idp).system:
        spec = {option: system.connection[option] for option in _OF_ISSUER}
        options = {
            name: value for name, value in typed_options(options, spec, "fleetgate_idp").items() if value is not None
        }
    checked = ArgumentSpecValidator(ISSUER_OPTIONS).validate({"issuer": issuer, "scopes": [], **options, **more})
    refuse([f"fleetgate_idp: {message}" for message in checked.error_messages])
    return dict(checked.validated_parameters)


@dataclass
class _Issuers:
    """Looks at issuers, each once."""

    idp: Mapping[str, Any]
    known: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)

    def info(self, issuer: str, client: Client | None = None, secret: str = "") -> dict[str, Any]:
        """What an issuer reports of itself, and whether it accepts the secret and redirect URIs of a client."""
        tested = client.id if client and secret else ""
        if (issuer, tested) not in self.known:
            more = {}
            if tested and client:
                more = {"client_id": client.id, "client_secret": secret, "redirect_uris": client.certain_uris}
            self.known[issuer, tested] = issuer_info(issuer_options(self.idp, issuer, **more), True)
        return self.known[issuer, tested]


def provider_of(idp: Any) -> Provider:
    """The provider that is declared."""
    if not (isinstance(idp, dict) and idp.get("type") in PROVIDERS):
        refuse([f"fleetgate_idp: type must be one of {', '.join(PROVIDERS)}"])
    return PROVIDERS[idp["type"]]


def run(params: dict[str, Any], check_mode: bool) -> dict[str, Any]:
    idp, provider = params["idp"], provider_of(params["idp"])
    stages = {"preflight": _preflight, "apply": _apply, "register": _apply, "secrets": _secrets, "prune": _prune}
    return stages[params["stage"]](params, check_mode, provider, idp)


def _preflight(params: dict[str, Any], _check_mode: bool, provider: Provider, idp: Mapping[str, Any]) -> dict[str, Any]:
    """Look at the issuer, and whether people can be created as declared. Problems are returned beside what hosts have to know."""
    problems, warnings = Problems(provider.missing(idp)), []
    result: dict[str, Any] = {"changed": False, "issuer": "", "scopes": list(provider.scopes), "members": {}}
    declared = problems.of(declaration, params["users"] or [], params["groups"] or [], params["realm"])
    document: Mapping[str, Any] = {}
    try:
        if not provider.missing(idp):
            result["issuer"] = issuer = provider.issuer(idp)
            if "{" not in issuer:
                info = _Issuers(idp).info(issuer)
                problems += info["problems"]
                document = info["document"]
    except FleetgateError as error:
        problems += error.problems
    result["scopes"] = list(provider.default_scopes(document))
    if declared:
        problems += provider.foreign_options(declared)
        refused, noted = _scope_problems(provider, declared, result["scopes"], document)
        problems += refused
        warnings += [*declared.warnings, *noted]
        result["ending"] = ending(declared.ends, datetime.now(UTC))
        warnings += ending_warning(result["ending"])
        if provider.system is None:
            result["members"] = provider.members({}, declared)
            warnings += [
                f"{person.where} {'has ended' if person.ended else 'is declared absent'}; {by_hand(provider, idp, person.name)}"
                for person in declared.users
                if not person.present and not provider.missing(idp)
            ]
        elif not provider.missing(idp):
            try:
                people, noted = _people(provider, declared, idp, params["members"], Keep.of(params["keep"]))
                result.update(people)
                warnings += noted
            except FleetgateError as error:
                problems += error.problems
    if problems:
        found = list(dict.fromkeys(problems))
        result.update(failed=True, msg="; ".join(found), problems=found)
    return {**result, **with_warnings(warnings)}


def _people(
    provider: Provider, declared: Declaration, idp: Mapping[str, Any], members: Mapping[str, Iterable[str]], keep: Keep
) -> tuple[dict[str, Any], list[str]]:
    """The plan for people, who is in which group then, and the claims of those who leave; and warnings."""
    entries = Entries()
    provider.add_people(declared, entries)
    connection = provider.connection(idp)
    client = provider.managed_system.client(connection, True)
    leaving = _leaving(provider, client, declared, members, entries, keep)
    desired = _desired(provider, connection, client, entries, keep)
    plan, objects, _secrets = converge(client, provider.managed_system.kinds, desired, {}, True, MAX_REMOVALS)
    people = {
        "plan": plan["plan"],
        "diff": plan["diff"],
        "members": provider.members(objects, declared),
        "claims": {one.person: one.claims() for one in leaving},
    }
    return people, [*provider.warnings(objects, declared), *plan.get("warnings", ())]


def _leaving(
    provider: Provider,
    client: Any,
    declared: Declaration,
    members: Mapping[str, Iterable[str]],
    entries: Entries,
    keep: Keep,
) -> list[Offboarding]:
    """Those who are declared absent and have a user, which is disabled by an entry. The refusals are those of offboard."""
    found, problems = list[Offboarding](), Problems()
    for person in declared.users:
        if not person.is_absent or keep.has(f"user {person.name}"):
            continue
        if places := places_of(declared, person.name, members):
            problems.append(f"{person.where} is declared absent, and still a member: {'; '.join(places)}")
        leaving = leaving_at(provider, client, person.name)
        if leaving is None or leaving.user is None:
            continue
        with client.understanding():
            problems += [f"{person.where}: {blocker}" for blocker in leaving.blockers()]
        entries.add("user", leaving.options(), f"{person.where}.")
        found.append(leaving)
    refuse(problems)
    return found


def _desired(
    provider: Provider, connection: Mapping[str, Any], client: Any, entries: Entries, keep: Keep
) -> list[Desired]:
    system = provider.managed_system
    desired = entries.desired(system, connection)
    with client.understanding():
        return keep.apply(desired, ServerState(client, system.kinds), system, connection)


def _scope_problems(
    provider: Provider, declared: Declaration, default: list[str], document: Mapping[str, Any]
) -> tuple[list[str], list[str]]:
    """Claims that do not come with the scopes of the realm: without them nobody can sign in, or nobody is in a group."""
    scopes = declared.realm.get("scopes") or default
    scopes = scopes.split() if isinstance(scopes, str) else scopes
    username = username_claim(declared)
    needed = {username: f"nobody can sign in, because username_claim is {username}"}
    grouped = any(
        group.present and (group.rights or {}).get(name)
        for group in declared.groups
        for name, product in PRODUCTS.items()
        if product.has_groups
    )
    groups = declared.realm.get("groups_claim", "groups")
    if grouped and groups:
        needed[groups] = f"nobody is in a group on Proxmox, because groups_claim is {groups}"
    problems: list[str] = []
    warnings: list[str] = []
    for claim, effect in needed.items():
        scope = provider.scope_of_claim.get(claim)
        if scope and scope not in scopes:
            found = problems if provider.knows_its_claims else warnings
            found.append(
                f"fleetgate_realm.scopes: without the scope {scope} {provider.title} sends no claim {claim}, and {effect};"
                f" add {scope}"
            )
        elif not scope and claim != "sub" and claim not in document.get("claims_supported", (claim,)):
            warnings.append(
                f"fleetgate_realm: {provider.title} does not list the claim {claim} among its claims_supported;"
                f" unless it sends it all the same, {effect}"
            )
    offered = "groups" in document.get("scopes_supported", ()) and "groups" not in scopes
    if grouped and groups == "groups" and offered and "groups" not in provider.scope_of_claim:
        warnings.append(
            f"fleetgate_realm.scopes: {provider.title} has a scope groups that the realm does not request;"
            " add it if the claim groups comes with it, or nobody is in a group"
        )
    known = document.get("scopes_supported")
    warnings += [
        f"fleetgate_realm.scopes: {provider.title} does not list the scope {scope} among its scopes_supported"
        for scope in scopes
        if known is not None and scope not in known
    ]
    return problems, warnings


def _apply(params: dict[str, Any], check_mode: bool, provider: Provider, idp: Mapping[str, Any]) -> dict[str, Any]:
    """Make people and clients as declared. Everything that can be known is refused before the first write.

    The stage `register` leaves the secrets of clients to the runs that set up the hosts.
    """
    with_secrets = params["stage"] == "apply"
    problems = Problems(provider.missing(idp))
    declared = problems.of(declaration, params["users"] or [], params["groups"] or [], params["realm"])
    chosen = problems.of(policy, params["undeclared"], declared) if declared else None
    if problems or not (declared and chosen):
        raise problems.error()
    hosts = [Wiring(**wiring_from(host)) for host in params["hosts"]]
    managed = declared if provider.restricts_clients() else Declaration((), (), declared.realm)
    keep = Keep.of(params["keep"])
    shared = [client for client in clients(hosts, managed, params["members"]) if not keep.has(provider.label(client))]
    secrets = provider.secrets(shared, {})
    for client in shared:
        problems += [f"{problem} (client {client.id})" for problem in provider.foreign_client_options(client.options)]
    problems += provider.clients_problems(shared, secrets)
    refuse(problems)
    result: dict[str, Any] = {"changed": False, "diff": {"before": {}, "after": {}}, "plan": []}
    objects: dict[str, list[dict[str, Any]]] = {}
    if provider.system:
        entries = Entries()
        provider.add_people(declared, entries)
        provider.add_clients(shared, params["outside"], entries, with_secrets)
        connection = provider.connection(idp)
        api = provider.system.client(connection, check_mode)
        leaving = _leaving(provider, api, declared, {}, entries, keep)
        desired = _desired(provider, connection, api, entries, keep)
        result, objects, returned = _set_up(provider, api, declared, leaving, desired, check_mode)
        secrets = provider.secrets(shared, returned)
    try:
        own = _own_secret(hosts, shared, secrets, provider, idp) if with_secrets else []
        pending = list(_pending(hosts, shared, secrets if with_secrets else {}, own, result, provider))
        if provider.system and chosen != IGNORE:
            state = ServerState(api, provider.system.kinds)
            with api.understanding():
                report = keep.reduce(provider.undeclared(state, desired, objects, complete=not params["left_out"]))
            found = _undeclared(report, provider, chosen, params["left_out"], [] if with_secrets else pending)
            result.update(found, warnings=[*result.get("warnings", ()), *found.get("warnings", ())])
        _check_issuers(shared, provider, idp, result if check_mode else None, secrets)
    except FleetgateError as error:
        error.done, error.diff = result["plan"], result["diff"]
        raise
    return {
        **result,
        "secrets": secrets if with_secrets else {},
        "own_secret": own,
        "pending": pending,
        **with_warnings([*aliases(hosts), *provider.warnings(objects, declared), *result.get("warnings", ())]),
    }


def _set_up(
    provider: Provider,
    client: Any,
    declared: Declaration,
    leaving: Iterable[Offboarding],
    desired: list[Desired],
    check_mode: bool,
) -> tuple[dict[str, Any], dict[str, list[dict[str, Any]]], dict[str, str]]:
    """Make people and clients as declared, and end what those who leave have besides."""
    done = Done()
    ended, checks = [Ended(one, provider, check_mode, done) for one in leaving], list[Check]()
    with client.understanding():
        for one in ended:
            one.remove_before()
    with done.kept_by_errors():
        result, objects, secrets = converge(
            client, provider.managed_system.kinds, desired, {}, check_mode, MAX_REMOVALS
        )
    done.add(result)
    declared_members = {group.name for group in declared.groups if group.members is not None or not group.present}
    with client.understanding():
        for one in ended:
            one.disabled(result["plan"])
            one.remove_after(declared_members)
            # what was ended by an earlier run is verified by finding nothing
            checks += one.checks() if one.removed else []
    if problems := problems_of(checks):
        error = FleetgateError(*problems)
        error.done, error.diff = done.plan, done.diff
        raise error
    stays = [f"{provider.title}: {one.about}: {one.detail}" for one in checks if one.status == SKIPPED]
    result.update(changed=bool(done.plan), plan=done.plan, diff=done.diff, checks=as_results(checks))
    return {**result, **with_warnings([*result.get("warnings", ()), *stays])}, objects, secrets


def _own_secret(
    hosts: list[Wiring], shared: list[Client], secrets: Mapping[str, str], provider: Provider, idp: Mapping[str, Any]
) -> list[str]:
    """The hosts that keep the secret in their realm, which is another valid one of their client."""
    if provider.secret_store is None or all(len(client.known_secrets) < 2 for client in shared):
        return []
    return with_own_secret(provider.secrets_of_clients(idp, True), hosts, shared, secrets)


def _secrets(params: dict[str, Any], check_mode: bool, provider: Provider, idp: Mapping[str, Any]) -> dict[str, Any]:
    """Find a secret for the hosts of a run that may be one of several at a time. People and clients are left as they are."""
    refuse(provider.missing(idp))
    hosts = [Wiring(**wiring_from(host)) for host in params["hosts"]]
    keep, nobody = Keep.of(params["keep"]), Declaration((), (), {})
    shared = [client for client in clients(hosts, nobody, {}) if not keep.has(provider.label(client))]
    if provider.secret_store is None:
        found = Supply(provider.secrets(shared, {}))
        refuse(provider.clients_problems(shared, found.secrets))
    else:
        left_alone = [client.id for client in shared if keep.touches(provider.label(client))]
        found = supply(provider.secrets_of_clients(idp, check_mode), shared, hosts, left_alone, check_mode)
    if found.problems:
        problems = [problem for of_client in found.problems.values() for problem in of_client]
        return {**FleetgateError(*problems).as_result(), "of_clients": found.problems}
    complete = [client for client in shared if client.id not in found.incomplete]
    try:
        _check_issuers(complete, provider, idp, None, found.secrets)
    except FleetgateError as error:
        error.done, error.diff = found.result["plan"], found.result["diff"]
        raise
    differ = f"users and groups at {provider.title} are not as declared; run the playbook wire_provider"
    warnings = [*aliases(hosts), *found.warnings, *([differ] if params["people_differ"] else [])]
    return {
        **found.result,
        "secrets": found.secrets,
        "own_secret": found.own_secret,
        "pending": list(_pending(hosts, shared, found.secrets, found.own_secret, found.result, provider)),
        **with_warnings(warnings),
    }


def _undeclared(
    report: Report, provider: Provider, chosen: str, left_out: list[str], pending: list[str]
) -> dict[str, Any]:
    """What the result says of undeclared objects. They are removed when no host uses them any more, which is after all hosts.

    `pending` are the hosts that other runs are to set up before.
    """
    result: dict[str, Any] = {"undeclared": report.to_result()}
    if chosen == REMOVE and report.found and left_out:
        report.notes.append(f"nothing is removed, because {', '.join(left_out)} may need it and is not in this run")
        chosen = REPORT
    elif chosen == REMOVE and report.found and pending:
        report.notes.append(
            f"nothing is removed, because {', '.join(pending)} may need it until wire_hosts has set up the host; run the"
            " playbook wire_provider again after that"
        )
        chosen = REPORT
    elif chosen == REMOVE:
        result["removals"] = report.removals
    return {**result, **with_warnings(report.warnings(provider.title, chosen))}


def _prune(params: dict[str, Any], check_mode: bool, provider: Provider, idp: Mapping[str, Any]) -> dict[str, Any]:
    """Remove what the stage apply found to be undeclared, unless a host that may need it failed meanwhile."""
    if params["left_out"]:
        why = f"{', '.join(params['left_out'])} may need it and is not set up as declared"
        return {"changed": False, **with_warnings([f"{provider.title}: nothing is removed, because {why}"])}
    entries = Entries()
    for removal in params["removals"]:
        entries.add(removal["kind"], removal["options"], WHERE)
    connection = provider.connection(idp)
    desired = entries.desired(provider.managed_system, connection)
    client = provider.managed_system.client(connection, check_mode)
    result, _objects, _secrets = converge(client, provider.managed_system.kinds, desired, {}, check_mode)
    return result


def wiring_from(host: Mapping[str, Any]) -> dict[str, Any]:
    """A host as the action passes it on; lists become tuples, which can be compared and be keys."""
    return {name: tuple(value) if isinstance(value, list) else value for name, value in host.items()}


def _check_issuers(
    shared: Iterable[Client],
    provider: Provider,
    idp: Mapping[str, Any],
    planned: Mapping[str, Any] | None,
    secrets: Mapping[str, str],
) -> None:
    """See that sign-on can work with each client. In check mode a client that is yet to be created or repaired has no issuer."""
    issuers, form, problems = _Issuers(idp), Issuer(provider.issuer(idp)), Problems()
    for client in shared:
        if planned and "{" in form.form and provider.label(client) in planned["diff"]["after"]:
            continue
        secret = secrets.get(client.id, "") if provider.system is None else ""
        info = problems.of(issuers.info, form.of(client.options), client, secret)
        problems += info["problems"] if info else []
    refuse(problems)


def _pending(
    hosts: list[Wiring],
    shared: Iterable[Client],
    secrets: Mapping[str, str],
    own_secret: Collection[str],
    result: Mapping[str, Any],
    provider: Provider,
) -> Iterator[str]:
    """The hosts about which there is something to do, nodes of one cluster through the first of them."""
    changed = {client.id for client in shared if provider.label(client) in result["diff"]["after"]}
    first = leaders(hosts)
    for host in hosts:
        client_id = host.client["id"]
        another = host.host not in own_secret and secrets.get(client_id, host.secret) != host.secret
        to_do = host.pending or host.connects is False or another
        # a client that was repaired may be one that sign-on works with again
        if first[host.host] is host and (to_do or (client_id in changed and host.connects is not None)):
            yield host.host


def hidden(params: Mapping[str, Any]) -> Iterator[str]:
    """The secrets in the options."""
    yield from hidden_of_fleet(params)
    hosts = params.get("hosts")
    # options of wrong types are masked as well, before they are refused
    for host in hosts if isinstance(hosts, list) else ():
        if isinstance(host, dict):
            yield from secrets_in(CLIENT, host.get("client"))
            yield from (str(host["secret"]),) if host.get("secret") else ()


PROVIDER = Definition(SPEC, run, hidden=hidden)
