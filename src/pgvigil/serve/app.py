"""The application: guards, the API, and the built page."""

from importlib.resources import files
from pathlib import Path

from fastapi import FastAPI, Response
from fastapi.responses import FileResponse
from starlette.middleware.gzip import GZipMiddleware
from starlette.staticfiles import StaticFiles

from pgvigil.model import Condition
from pgvigil.serve import (
    fleet,
    live,
    load_routes,
    lock_routes,
    panels,
    problems,
    routes,
    schema,
    searching,
    session_routes,
    statement_routes,
)
from pgvigil.serve.guards import HeadAsGet, LoopbackOnly, SecureHeaders
from pgvigil.serve.kept import KeptLines
from pgvigil.serve.mistakes import Mistakes
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
    app.state.fleet = KeptLines()
    # The last one is the outermost: a refusal bears the headers too, and a mistake is answered like everything else.
    app.add_middleware(Mistakes)
    app.add_middleware(GZipMiddleware, minimum_size=1000, compresslevel=4)
    app.add_middleware(HeadAsGet)
    app.add_middleware(LoopbackOnly)
    app.add_middleware(SecureHeaders)
    problems.install(app)
    app.include_router(routes.router)
    app.include_router(panels.router)
    app.include_router(load_routes.router)
    app.include_router(lock_routes.router)
    app.include_router(session_routes.router)
    app.include_router(statement_routes.router)
    app.include_router(fleet.router)
    app.include_router(searching.router)
    app.include_router(live.router)
    app.add_api_route("/healthz", healthz, methods=["GET"], responses={403: routes.RESPONSES[403]})
    waiting = {"model": schema.Readiness, "description": "A target was not tried yet"}
    app.add_api_route("/readyz", readyz, methods=["GET"], responses={403: routes.RESPONSES[403], 503: waiting})
    app.mount("/assets", StaticFiles(directory=PAGE / "assets", check_dir=False))
    app.add_api_route("/{path:path}", page, methods=["GET"], include_in_schema=False)
    return app


def healthz() -> schema.Health:
    """The process is alive."""
    return schema.Health()


def readyz(watch: Watching, response: Response) -> schema.Readiness:
    """200 once every target was tried, whatever came of it; 503 before, with the targets still waited for."""
    targets = {name: it.state.condition for name, it in watch.watchers.items()}
    ready = Condition.STARTING not in targets.values()
    response.status_code = 200 if ready else 503
    keeping = watch.keeping()
    return schema.Readiness(ready=ready, targets=targets, store=keeping.cause or keeping.upkeep or None)


def page(path: str) -> FileResponse:
    """The page; its views are addresses of its own, so whatever is not a file of it is the page itself."""
    if path.startswith("api/"):
        raise ProblemError(404, "not_found", f"There is no /{path[:80]}.")
    index = PAGE / "index.html"
    if not index.is_file():
        raise ProblemError(404, "not_found", "The page was not built; `make page` builds it.")
    return FileResponse(PAGE / path if path in _files() else index)


def _files() -> frozenset[str]:
    """The names that may be asked for: a name from outside is never looked up itself."""
    return frozenset(it.name for it in PAGE.iterdir() if it.is_file() and not it.name.startswith("."))
