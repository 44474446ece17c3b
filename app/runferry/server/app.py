"""The application: which path is answered by what. Receiving is asynchronous, all work on disk is in worker threads."""

from __future__ import annotations

import json

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from runferry.proof import LONGEST_CHALLENGE, answer
from runferry.server.access.handlers import ONCE, SIGN_IN, Access
from runferry.server.access.one_time import OneTimeLinks
from runferry.server.access.sessions import Sessions
from runferry.server.bodies import RefusedError, disk_refusal, read_body
from runferry.server.file_stream import take_post
from runferry.server.graphql_endpoint import GraphQLEndpoint
from runferry.server.guard import Guard
from runferry.server.html_page import SAFE_HEADERS
from runferry.server.pages import front_page, project_page, run_page
from runferry.server.resolvers_projects import Root
from runferry.server.store import Store
from runferry.server.tokens import Signer
from runferry.server.uploads import Uploads
from runferry.server.views import Context
from runferry.version import __version__


class _Handlers:
    def __init__(self, store: Store, signer: Signer) -> None:
        self._store = store
        self._signer = signer
        self._graphql = GraphQLEndpoint(Root())

    async def graphql(self, request: Request) -> Response:
        body = await read_body(request)
        context = Context(self._store, self._signer, f"{request.url.scheme}://{request.headers['host']}")
        async with self._store.commits.answering():
            reply = await run_in_threadpool(self._graphql.answer, body, context)
        return Response(reply, media_type="application/json", headers=SAFE_HEADERS)

    async def file_stream(self, request: Request) -> Response:
        body = await read_body(request)
        place = request.path_params
        names = place["entity"], place["project"], place["run"]
        async with self._store.commits.answering():
            reply = await run_in_threadpool(take_post, self._store, *names, body)
        return Response(json.dumps(reply), media_type="application/json", headers=SAFE_HEADERS)

    async def identity(self, request: Request) -> Response:
        value = {"product": "runferry", "version": __version__, "store": self._store.store_id}
        challenge = request.query_params.get("challenge", "")
        if 0 < len(challenge) <= LONGEST_CHALLENGE:
            value["proof"] = answer(self._store.key, challenge, self._store.store_id)
        return JSONResponse(value, headers=SAFE_HEADERS)

    async def telemetry(self, request: Request) -> Response:
        return Response(status_code=404)

    async def front(self, request: Request) -> Response:
        return await run_in_threadpool(front_page, self._store)

    async def project(self, request: Request) -> Response:
        place = request.path_params
        return await run_in_threadpool(project_page, self._store, place["entity"], place["project"])

    async def run(self, request: Request) -> Response:
        place = request.path_params
        return await run_in_threadpool(run_page, self._store, place["entity"], place["project"], place["run"])


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, RefusedError)
    return JSONResponse({"error": error.text}, status_code=error.status, headers=SAFE_HEADERS)


async def _disk(request: Request, error: Exception) -> Response:
    assert isinstance(error, OSError)
    return await _refused(request, disk_refusal(error))


async def _gone(request: Request, error: Exception) -> Response:
    return Response(status_code=400)  # nobody is there to read it


def create_app(store: Store, *, host: str, port: int) -> Starlette:
    """The server over an open store. `host` is what it is bound to; requests under other names are refused.

    `port` is not compared: clients may come through a forwarded port.
    """
    signer = Signer(store.key, store.clock.time)
    handlers = _Handlers(store, signer)
    uploads = Uploads(store, signer)
    sessions = Sessions(store.key, store.store_id, store.clock.time)
    access = Access(store.key, sessions, OneTimeLinks(store.clock.monotonic))
    routes = [
        Route("/", handlers.front),
        Route("/runferry", handlers.identity),
        Route(SIGN_IN, access.show),
        Route(SIGN_IN, access.sign_in, methods=["POST"]),
        Route(ONCE, access.open_link),
        Route(ONCE, access.make_link, methods=["POST"]),
        Route("/graphql", handlers.graphql, methods=["POST"]),
        Route("/files/{entity}/{project}/{run}/file_stream", handlers.file_stream, methods=["POST"]),
        Route("/files/{entity}/{project}/{run}/{name:path}", uploads.get_run_file),
        Route("/storage/{token}", uploads.put, methods=["PUT"]),
        Route("/storage/{token}", uploads.get),
        Route("/sdk/otel/{rest:path}", handlers.telemetry, methods=["POST", "GET"]),
        Route("/{entity}/{project}/runs/{run}", handlers.run),
        Route("/{entity}/{project}", handlers.project),
    ]
    return Starlette(
        routes=routes,
        middleware=[Middleware(Guard, key=store.key, host=host, sessions=sessions)],
        exception_handlers={RefusedError: _refused, ClientDisconnect: _gone, OSError: _disk},
    )
