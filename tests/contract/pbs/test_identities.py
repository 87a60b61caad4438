"""Section 5: users."""

from __future__ import annotations

from collections.abc import Callable

from .language import BOB, MADE, USER, USERS, grant
from .server import Server


def test_5_deleted_root_user_is_restored(simulated: Callable[..., Server]) -> None:
    server = simulated()
    root = server.by_ticket()
    server.ask((f"DELETE {USERS}/root@pam",), (f"GET {USERS}/root@pam", None, 200, {"comment": "Superuser"}), **root)


def test_5_acl_rows_apply_to_the_next_user_of_the_same_name(simulated: Callable[..., Server]) -> None:
    server = simulated()
    server.ask(
        MADE,
        grant("{n}@pbs", "/", "Audit"),
        (f"DELETE {USER}",),
        MADE,
        ("GET /access/permissions?auth-id={n}@pbs&path=/", None, 200, {"/": {"Sys.Audit": True}}),
    )


def test_5_user_changes_itself_with_a_ticket_only(simulated: Callable[..., Server]) -> None:
    server = simulated()
    path = f"{USERS}/{BOB[0]}"
    made = server.data(f"POST {path}/token/t", **server.by_ticket(*BOB))
    steps = [
        (f"GET {path}",),
        (f"PUT {path}", {"expire": 0}),
        (f"GET {path}/token",),
        (f"PUT {path}/token/t", {}),
        (f"GET {USERS}", None, 200, lambda rows: [row["userid"] for row in rows] == [BOB[0]]),
    ]
    server.ask(
        *steps,
        (f"GET {USERS}/root@pam", None, 403),
        (f"POST {USERS}", {"userid": "{n}@pbs"}, 403),
        **server.by_ticket(*BOB),
    )
    server.ask(
        *((request[0], request[1] if request[1:] else None, 403) for request in steps[:-1]),
        steps[-1],
        token=f"{made['tokenid']}:{made['value']}",
    )
    server.ask((f"DELETE {path}",), **server.by_ticket(*BOB))
