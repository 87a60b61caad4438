"""/access/users/{userid}/token (pve-access-control 9.1.1, API2/User.pm, TokenConfig.pm)."""

from __future__ import annotations

import uuid
from typing import Any

from ..call import Call, route
from ..errors import parameter_error
from ..values import split_list, true

DELETABLE = ("comment",)


def full_tokenid(param: dict[str, Any]) -> str:
    return f"{param['userid']}!{param['tokenid']}"


@route("GET", "/access/users/{userid}/token")
def index(call: Call, param: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"tokenid": name, **token} for name, token in call.config.tokens(param["userid"]).items()]


@route("GET", "/access/users/{userid}/token/{tokenid}")
def read(call: Call, param: dict[str, Any]) -> dict[str, Any]:
    return call.config.token(param["userid"], param["tokenid"])


@route("POST", "/access/users/{userid}/token/{tokenid}")
def create(call: Call, param: dict[str, Any]) -> dict[str, Any]:
    """`info` echoes the values as sent; only a later read returns numbers."""
    userid, tokenid = param["userid"], param["tokenid"]
    if tokenid in call.config.tokens(userid):
        raise parameter_error({"tokenid": "Token already exists."})
    privsep = param.get("privsep")
    info = {"privsep": 1 if privsep is None else privsep}
    if param.get("expire") is not None:
        info["expire"] = param["expire"]
    if true(param.get("comment")):
        info["comment"] = param["comment"]
    with call.cluster.edit("user.cfg", "generating token failed") as config:
        config.user(userid).setdefault("tokens", {})[tokenid] = info
        secret = _new_secret(call, param)
    return {"info": info, "value": secret, "full-tokenid": full_tokenid(param)}


@route("PUT", "/access/users/{userid}/token/{tokenid}")
def update(call: Call, param: dict[str, Any]) -> dict[str, Any]:
    """Return all settings: those of the request as sent, the others as stored."""
    userid, tokenid = param["userid"], param["tokenid"]
    call.config.token(userid, tokenid)
    answer = {}
    with call.cluster.edit("user.cfg", "updating token info failed") as config:
        token = config.token(userid, tokenid)
        given = {name: param[name] for name in ("privsep", "expire", "comment") if param.get(name) is not None}
        if given.get("comment") == "" and not call.cluster.product["clears_token_comments"]:
            del given["comment"]
        token.update(given)
        if token.get("comment") == "":
            del token["comment"]
        for name in split_list(param.get("delete")):
            if name not in DELETABLE:
                raise parameter_error({"delete": f"unknown option '{name}'"})
            token.pop(name, None)
        if true(param.get("regenerate")):
            answer = {"value": _new_secret(call, param), "full-tokenid": full_tokenid(param)}
        answer.update(token)
    return answer


@route("DELETE", "/access/users/{userid}/token/{tokenid}")
def delete(call: Call, param: dict[str, Any]) -> None:
    call.config.token(param["userid"], param["tokenid"])
    with call.cluster.edit("user.cfg", "deleting token failed") as config:
        config.token(param["userid"], param["tokenid"])
        del config.tokens(param["userid"])[param["tokenid"]]
        call.cluster.token_secrets.pop(full_tokenid(param), None)


def _new_secret(call: Call, param: dict[str, Any]) -> str:
    secret = call.cluster.token_secrets[full_tokenid(param)] = str(uuid.uuid4())
    return secret
