"""The gate as ASGI middleware: in front of every route."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app import problems
from app.server.gate import CLIENT_WENT_AWAY, HEALTH, METRICS, SECURITY_HEADERS, Gate
from app.telemetry.exchange import Exchange

_NO_KEY = problems.NoKey("Send one of the service's keys, as Authorization: Bearer or X-API-Key.")

_STOPPED = problems.Busy("The service is stopping. Ask again in a second.")

logger = logging.getLogger("uvicorn.error")


class GateMiddleware:
    """Admits, records, and adds to every answer what it must have.

    It stands inside of the framework's last resort, so it answers defects of ours itself.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request pass, or answer it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        await _Passage(self.app, scope, receive, send).run()


class _Passage:
    """One request on its way through."""

    def __init__(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        self._app, self._scope, self._receive, self._send = app, scope, receive, send
        self._gate: Gate = scope["app"].state.gate
        self._headers = Headers(scope=scope)
        client = scope.get("client")
        self._exchange: Exchange = self._gate.exchanges.begin(
            scope["method"],
            scope["path"],
            client[0] if client else None,
            self._headers.get("x-request-id", "").encode("latin-1"),
            self._headers.get("traceparent", "").encode("latin-1"),
        )
        scope["exchange"] = self._exchange
        self._always = scope["path"] in HEALTH or scope["path"] == METRICS
        self._inside: bool = scope.pop("admitted", False)  # by the connection
        self._buffered = 0
        self._status = 0
        self._sent = 0

    async def run(self) -> None:
        gate = self._gate
        try:
            await self._answer()
        except ClientDisconnect:
            pass
        except asyncio.CancelledError:
            if self._status or not gate.draining:
                raise
            await self._refuse(_STOPPED.as_dict(), _STOPPED.headers)  # the grace time is over
        except Exception:
            if self._status:
                raise  # the server ends the connection, so that the answer is seen to be broken
            logger.exception("%s %s failed", self._exchange.method, self._exchange.path)
            await self._refuse(problems.unexpected())
        finally:
            gate.buffered -= self._buffered
            if self._inside:
                gate.leave()
            gate.finished(self._exchange, self._route(), self._recorded_status(), self._sent)

    def _recorded_status(self) -> int:
        """What became of it, as the connection knows: it may have answered, or be gone."""
        refused: problems.Problem | None = self._scope.get("refused")
        if refused is not None:
            self._exchange.problem = refused.slug
            return refused.status
        return CLIENT_WENT_AWAY if self._scope.get("gone") else self._status or CLIENT_WENT_AWAY

    async def _answer(self) -> None:
        gate, headers = self._gate, self._headers
        if not gate.open_to(self._scope["path"], headers):
            await self._refuse(_NO_KEY.as_dict(), _NO_KEY.headers)
        elif self._always:
            await self._app(self._scope, self._receive, self.send)
        elif not self._inside and (gate.full or not (self._has_body() or self._enter())):
            await self._refuse(problems.Busy().as_dict(), problems.Busy.headers)
        else:
            await self._app(self._scope, self.receive, self.send)

    def _has_body(self) -> bool:
        return "transfer-encoding" in self._headers or (
            self._headers.get("content-length", "0") != "0"
        )

    def _enter(self) -> bool:
        self._inside = self._inside or self._gate.enter()
        return self._inside

    async def receive(self) -> Message:
        """Take of the body what comes; with its last byte work begins."""
        message = await self._receive()
        if message["type"] == "http.request":
            count = len(message.get("body", b""))
            self._exchange.received += count
            if not self._gate.buffer(count):
                raise problems.Busy
            self._buffered += count
            if not message.get("more_body", False) and not self._enter():
                raise problems.Busy
        return message

    async def send(self, message: Message) -> None:
        """Add what every answer must have."""
        if message["type"] == "http.response.start":
            self._status = message["status"]
            headers: list[Any] = message.setdefault("headers", [])
            names = {name.lower() for name, _ in headers}
            headers += [pair for pair in SECURITY_HEADERS.items() if pair[0] not in names]
            headers.append((b"x-request-id", self._exchange.request_id))
            if self._exchange.traceparent:
                headers.append((b"traceparent", self._exchange.traceparent))
            if self._gate.draining:
                headers.append((b"connection", b"close"))
        elif message["type"] == "http.response.body":
            self._sent += len(message.get("body", b""))
        await self._send(message)

    async def _refuse(
        self, problem: dict[str, Any], headers: Mapping[str, str] | None = None
    ) -> None:
        self._exchange.problem = problems.kind_of(problem)
        response = problems.problem_response(self._exchange.path, problem, headers)
        await response(self._scope, self._receive, self.send)

    def _route(self) -> str:
        """The path of the route that matched, with its parameters' names."""
        route = self._scope.get("route")
        if route is not None:
            return str(route.path)
        mounted = str(self._scope.get("root_path", ""))
        return mounted or "other"
