"""Refusals of the administration API, in both dialects that are alive (Pocket ID 2.14.0 and 2.13.0, observed)."""

from __future__ import annotations

from typing import Any, NamedTuple

BREAKDOWN = "Something went wrong"
# up to 2.12 an error was only a text, and these had another status (2.0.0 and 2.9.0, observed; 2.12 by its source).
OLD_STATUS = {
    "already_in_use": 400,
    "api_key_not_expired": 400,
    "client_id_already_exists": 400,
    "file_type_not_supported": 400,
    "image_not_found": 500,
    "invalid_request_body": 500,
    "ldap_disabled": 500,
}
OLD_TEXT = {"not_found": "Record not found", "user_not_found": "Record not found"}


class Wrong(NamedTuple):
    """One field that breaks a rule."""

    field: str
    code: str
    message: str


class ApiError(Exception):
    """An error: `{error, code, details?, request_id}`, where `details` may have `fields: [{field, code, message}]`.

    `retry_after` is what a refusal for too many requests adds as a header, in seconds.
    """

    retry_after: int | None = None

    def __init__(self, status: int, code: str, text: str, fields: list[Wrong] | None = None, **details: str) -> None:
        super().__init__(text)
        self.status, self.code, self.text = status, code, text
        self.details: dict[str, Any] = dict(details)
        if fields:
            self.details["fields"] = [wrong._asdict() for wrong in fields]

    def answer(self, request_id: str, version: tuple[int, ...]) -> tuple[int, dict[str, Any]]:
        """Status and body, in the dialect of the version."""
        if version < (2, 4) and self.code == "token_invalid_or_expired":
            return 400, {"error": self.text}
        if version < (2, 13):
            status = OLD_STATUS.get(self.code, self.status)
            return status, {"error": BREAKDOWN if status == 500 else OLD_TEXT.get(self.code, self.text)}
        body: dict[str, Any] = {"error": self.text, "code": self.code, "request_id": request_id}
        if self.details:
            body["details"] = self.details
        return self.status, body


def invalid(*fields: Wrong, text: str = "") -> ApiError:
    """A validation error; without its own text the response names every field, with a capital first letter."""
    text = text or ", ".join(f"{wrong.field} {wrong.message}" for wrong in fields)
    return ApiError(400, "validation_failed", text[:1].upper() + text[1:], list(fields))


def missing(field: str) -> ApiError:
    return invalid(Wrong(field, "required", "is required"))


def not_found(resource: str) -> ApiError:
    return ApiError(404, "not_found", f"{resource} not found", resource=resource)


def user_not_found() -> ApiError:
    return ApiError(404, "user_not_found", "User not found")


def already_in_use(name: str) -> ApiError:
    return ApiError(409, "already_in_use", f"{name.capitalize()} is already in use", property=name)


def invalid_body() -> ApiError:
    return ApiError(400, "invalid_request_body", "Request body is invalid")


def image_not_found() -> ApiError:
    return ApiError(404, "image_not_found", "Image not found")


def breakdown() -> ApiError:
    """What the server did not foresee."""
    return ApiError(500, "internal_error", BREAKDOWN)


def not_signed_in() -> ApiError:
    return ApiError(401, "not_signed_in", "You are not signed in")


def user_disabled() -> ApiError:
    return ApiError(403, "user_disabled", "User account is disabled")
