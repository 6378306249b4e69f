"""Every answer that is not a success has one shape."""

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from pgvigil.model import PgvigilError
from pgvigil.serve.schema import Problem

WORDS = {404: "not_found", 405: "method_not_allowed", 403: "forbidden", 503: "busy"}


class ProblemError(Exception):
    """Raised by a route: becomes the answer."""

    def __init__(
        self, status: int, error: str, message: str, field: str | None = None, remedy: str | None = None
    ) -> None:
        super().__init__(message)
        self.status, self.error, self.message, self.field, self.remedy = status, error, message, field, remedy


def problem(status: int, error: str, message: str, field: str | None = None, remedy: str | None = None) -> JSONResponse:
    """An answer that is not a success."""
    body = Problem(error=error, message=message, field=field, remedy=remedy)
    return JSONResponse(body.model_dump(mode="json"), status_code=status)


def _raised(_: Request, error: Exception) -> Response:
    assert isinstance(error, ProblemError)  # noqa: S101 - FastAPI hands each handler its own class only
    return problem(error.status, error.error, error.message, error.field, error.remedy)


def _invalid(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101
    first = error.errors()[0]
    field = str(first["loc"][-1])
    return problem(422, "bad_value", f"{field} = {str(first.get('input'))[:80]!r}: {first['msg']}.", field)


def _http(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101
    answer = problem(error.status_code, WORDS.get(error.status_code, "failed"), str(error.detail))
    answer.headers.update(error.headers or {})
    return answer


def _ours(_: Request, error: Exception) -> Response:
    return problem(503, "busy", str(error))


def install(app: FastAPI) -> None:
    """Make `app` answer every failure in the shape of Problem."""
    app.add_exception_handler(ProblemError, _raised)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(PgvigilError, _ours)
