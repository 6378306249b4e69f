"""The application: guards, the API, and the built page."""

from importlib.resources import files
from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import FileResponse, JSONResponse
from starlette.middleware.gzip import GZipMiddleware
from starlette.staticfiles import StaticFiles

from pgvigil.model import Condition
from pgvigil.serve import live, problems, routes
from pgvigil.serve.guards import LoopbackOnly, SecureHeaders
from pgvigil.serve.problems import ProblemError
from pgvigil.serve.routes import Watching
from pgvigil.serve.watch import Watch

PAGE = Path(str(files("pgvigil.serve") / "page"))
"""Where the built page lies; made by the wheel's build, not kept with the source."""


def create_app(watch: Watch | None, version: str) -> FastAPI:
    """The application serving from `watch`; None where only its OpenAPI document is wanted."""
    app = FastAPI(
        title="pgvigil",
        version=version,
        summary="What a PostgreSQL server is doing, why it is slow, and what will break next.",
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/v1/openapi.json",
    )
    app.state.watch = watch
    app.add_middleware(GZipMiddleware, minimum_size=1000)
    app.add_middleware(SecureHeaders)
    app.add_middleware(LoopbackOnly)
    problems.install(app)
    app.include_router(routes.router)
    app.include_router(live.router)
    app.add_api_route("/healthz", healthz, methods=["GET"])
    app.add_api_route("/readyz", readyz, methods=["GET"])
    app.mount("/assets", StaticFiles(directory=PAGE / "assets", check_dir=False))
    app.add_api_route("/{path:path}", page, methods=["GET"], include_in_schema=False)
    return app


def healthz() -> dict[str, str]:
    """The process is alive."""
    return {"status": "ok"}


def readyz(watch: Watching) -> JSONResponse:
    """200 once every target was tried, whatever came of it; 503 before, with the targets still waited for."""
    waiting = [name for name, it in watch.watchers.items() if it.state.condition is Condition.STARTING]
    targets = {name: it.state.condition.value for name, it in watch.watchers.items()}
    return JSONResponse({"ready": not waiting, "targets": targets}, status_code=503 if waiting else 200)


def page(path: str) -> FileResponse:
    """The page; its views are addresses of its own, so whatever is not a file of it is the page itself."""
    if path.startswith("api/"):
        raise ProblemError(404, "not_found", f"There is no /{path[:80]}.")
    index = PAGE / "index.html"
    if not index.is_file():
        raise ProblemError(404, "not_found", "The page was not built; `make page` builds it.")
    named = PAGE / path
    if path and "/" not in path and named.is_file():
        return FileResponse(named)
    return FileResponse(index, headers={"cache-control": "no-cache"})
