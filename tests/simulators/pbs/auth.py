"""Authentication: tickets with their CSRF tokens, API tokens, and their precedence."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Callable
from urllib.parse import quote, unquote

from werkzeug import Request

from .errors import ApiError
from .identity import is_token
from .state import State

COOKIE = "PBSAuthCookie"
HOST_COOKIE = "__Host-PBSAuthCookie"
LIFETIME = range(-300, 7200 + 1)
CHALLENGE, CHALLENGE_LIFETIME = '{"totp":true}', range(-60, 600)


class Rejected(Exception):
    """Invalid credentials, and the reason, which only old releases return."""


class Tickets:
    """Signed tickets and CSRF tokens; they are not stored."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._key = secrets.token_bytes(32)

    def ticket(self, userid: str) -> str:
        text = self.unsigned(userid)
        return f"{text}::{self._signature(text)}"

    def info(self, userid: str) -> str:
        """The information about a ticket in an HttpOnly cookie, from which clients read its age."""
        return f"{self.unsigned(userid)}::ticketinfo"

    def challenge(self, userid: str) -> str:
        """A partial ticket: the password is valid, a second factor is required. The signature includes the user."""
        text = f"PBS:!tfa!{quote(CHALLENGE, safe='')}:{int(self._clock()):08X}"
        return f"{text}::{self._signature(f'{text}:{userid}')}"

    def check_challenge(self, userid: str, challenge: str) -> None:
        text, _colons, signature = challenge.partition("::")
        parts = re.fullmatch(r"PBS:!tfa!([^:]+):([0-9A-F]{8})", text)
        expected = self._signature(f"{text}:{userid}")
        if parts is None or not hmac.compare_digest(signature.encode(), expected.encode()):
            raise Rejected("invalid ticket")
        self._check_age(parts[2], CHALLENGE_LIFETIME)

    def unsigned(self, userid: str) -> str:
        return f"PBS:{userid}:{int(self._clock()):08X}"

    def csrf_token(self, userid: str) -> str:
        stamp = f"{int(self._clock()):08X}"
        return f"{stamp}:{self._signature(f'{stamp}:{userid}:').rstrip('=')}"

    def user_of(self, ticket: str) -> str:
        """The user of a valid ticket."""
        text, _colons, signature = ticket.partition("::")
        parts = re.fullmatch(r"PBS:([^:]+):([0-9A-F]{8})", text)
        if parts is None or not hmac.compare_digest(signature.encode(), self._signature(text).encode()):
            raise Rejected("invalid ticket")
        self._check_age(parts[2])
        return parts[1]

    def check_csrf(self, userid: str, token: str | None) -> None:
        stamp, _colon, signature = (token or "").partition(":")
        expected = self._signature(f"{stamp}:{userid}:").rstrip("=")
        if not re.fullmatch(r"[0-9A-F]{8}", stamp) or not hmac.compare_digest(signature.encode(), expected.encode()):
            raise Rejected("missing or invalid CSRF prevention token")
        self._check_age(stamp)

    def _check_age(self, stamp: str, lifetime: range = LIFETIME) -> None:
        if int(self._clock()) - int(stamp, 16) not in lifetime:
            raise Rejected("ticket or token is too old")

    def _signature(self, text: str) -> str:
        return base64.b64encode(hmac.new(self._key, text.encode(), hashlib.sha256).digest()).decode()


class Authentication:
    """Identifies the caller of a request. Releases differ in `host_cookie`, the second name of the cookie, and `details`,
    the reason in refusals."""

    def __init__(self, state: State, tickets: Tickets, host_cookie: bool, details: bool) -> None:
        self._state = state
        self._tickets = tickets
        self._host_cookie = host_cookie
        self._details = details

    def identify(self, request: Request) -> str:
        """The auth id of a request. A cookie is never combined with, or replaced by, an Authorization header."""
        try:
            ticket = self.ticket_in(request)
            if ticket is not None:
                return self._by_ticket(ticket, request)
            return self._by_token(request)
        except Rejected as error:
            detail = f" - {error}" if self._details else ""
            raise ApiError(401, f"authentication failed{detail}") from error

    def ticket_in(self, request: Request) -> str | None:
        """The ticket of the cookies; `__Host-` takes precedence if the release supports it."""
        names = [HOST_COOKIE, COOKIE] if self._host_cookie else [COOKIE]
        return next((unquote(request.cookies[name]) for name in names if name in request.cookies), None)

    def check_password(self, userid: str, password: str) -> None:
        """Check the password of a login; other types of realms have no passwords here."""
        known = self._state.passwords.get(userid)
        if known is None or not hmac.compare_digest(known.encode(), password.encode()):
            raise Rejected("wrong user name or password")

    def _by_ticket(self, ticket: str, request: Request) -> str:
        userid = self._tickets.user_of(ticket)
        if not self._state.is_active(userid):
            raise Rejected("user account disabled or expired.")
        if request.method != "GET":
            self._tickets.check_csrf(userid, request.headers.get("CSRFPreventionToken"))
        return userid

    def _by_token(self, request: Request) -> str:
        header = re.fullmatch(r"PBSAPIToken[= ]([^:]*):(.*)", request.headers.get("Authorization", ""))
        if header is None:
            raise Rejected("no authentication credentials provided.")
        token, secret = header[1], unquote(header[2])
        if not is_token(token) or not self._state.is_active(token):
            raise Rejected("user account or token disabled or expired.")
        if not hmac.compare_digest(self._state.secrets.get(token, "").encode(), secret.encode()):
            raise Rejected("invalid API token")
        return token
