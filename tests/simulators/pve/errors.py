"""The error of a refused request."""

from __future__ import annotations


class ApiError(Exception):
    """A response other than 200.

    `message` is the text of the response, and its first line the reason phrase; `status` is None where the product dies
    with a bare text (answered as 500); `errors` maps parameters to texts.
    """

    def __init__(self, message: str, status: int | None = None, errors: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.errors = errors or {}

    def in_a_lock(self, failure: str) -> ApiError:
        """The same error raised while a configuration file was locked: status and errors become part of the text."""
        status = f"{self.status} " if self.status else ""
        details = "".join(f"{name}: {text}\n" for name, text in self.errors.items())
        prefix = f"{failure}: " if failure else ""
        return ApiError(f"{prefix}{status}{self.message}{details}")


def parameter_error(errors: dict[str, str]) -> ApiError:
    return ApiError("Parameter verification failed.\n", 400, errors)


def permission_error(what: str = "") -> ApiError:
    return ApiError(f"Permission check failed ({what})\n" if what else "Permission check failed\n", 403)
