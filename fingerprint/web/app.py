"""The web app: pages for people and the same as a JSON API."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from fingerprint.errors import FingerprintError
from fingerprint.web.answers import PAGE_POLICY, Answers, Page
from fingerprint.web.desk import KEPT_SECONDS, Busy, Desk, Job, Work
from fingerprint.web.openapi import document
from fingerprint.web.pages import Pages
from fingerprint.web.questions import Asked, Question, Watch
from fingerprint.web.security import HEADERS, BodyLimit, FormTokens, SameOrigin, SecurityHeaders
from fingerprint.web.uploads import Received, form_of, question_of

# Seconds that a page waits for a verdict before it says that the work is under way.
_PATIENCE = 1.0
_UNPROCESSABLE = 422


@dataclass(frozen=True)
class Settings:
    """What a server allows.

    Attributes:
        hosts: The names under which browsers may reach it.
        most_bytes: Bytes that a request may send.
        workers: Verdicts at once.
        queue: Requests that may wait or be sent meanwhile.
        seconds: Time for one verdict.
        sending_seconds: Time for the sending of one request.
    """

    hosts: tuple[str, ...]
    most_bytes: int = 50_000_000
    workers: int = 2
    queue: int = 64
    seconds: float = 300.0
    sending_seconds: float = 120.0


def create_app(answers: Answers, settings: Settings) -> Starlette:
    """Make the ASGI application.

    Args:
        answers: The loaded model.
        settings: What the server allows.

    Raises:
        MissingExtra: Without what templates and forms need.
    """
    app = _App(answers, settings)
    api = [Route(f"/api/{question}", app.endpoint(question), methods=["POST"]) for question in Question]
    return Starlette(
        routes=[
            Route("/", app.form),
            Route("/ask", app.ask, methods=["POST"]),
            Route("/verdicts/{id}", app.verdict),
            Route("/verdicts/{id}/verdict.json", app.verdict_json),
            Route("/verdicts/{id}/verdict.html", app.verdict_html),
            *api,
            Route("/api/openapi.json", app.openapi),
            Mount("/static", StaticFiles(packages=[("fingerprint.web", "static")])),
        ],
        middleware=[
            Middleware(SecurityHeaders),
            Middleware(TrustedHostMiddleware, allowed_hosts=list(settings.hosts), www_redirect=False),
            Middleware(SameOrigin),
            Middleware(BodyLimit, settings.most_bytes),
        ],
        exception_handlers={FingerprintError: app.refuse, HTTPException: app.refuse, Exception: app.fail},
        lifespan=app.lifespan,
    )


class _App:
    def __init__(self, answers: Answers, settings: Settings):
        self._answers, self._settings = answers, settings
        self._pages = Pages(answers.model, answers.labs, settings.most_bytes)
        self._tokens = FormTokens()
        self._openapi = document()
        self._desk: Desk
        self._folder: Path

    @asynccontextmanager
    async def lifespan(self, app: Starlette) -> AsyncIterator[None]:
        """Hold the threads and the folder of uploads while the server runs."""
        self._desk = Desk(self._settings.workers, self._settings.queue, self._settings.seconds)
        with tempfile.TemporaryDirectory(prefix="fingerprint-", ignore_cleanup_errors=True) as folder:
            self._folder = Path(folder)
            try:
                yield
            finally:
                self._desk.close()

    async def form(self, request: Request) -> Response:
        """Show the form."""
        return self._form(request)

    async def ask(self, request: Request) -> Response:
        """Take a form in, and lead to its verdict."""

        async def asked(received: Received) -> Asked:
            async with form_of(request) as form:
                self._tokens.check(request, form.get("token"))
                return await received.form(form, question_of(form))

        job = await self._submit(asked, self._answers.page, keep=True)
        address = f"/verdicts/{job.id}"
        if _wants_json(request):
            return JSONResponse({"verdict": address}, 202)
        return RedirectResponse(address, 303)

    async def verdict(self, request: Request) -> Response:
        """Show the page of a verdict, or how far the work is."""
        job = self._job(request)
        is_done = await job.wait(_PATIENCE)
        if _wants_json(request):
            if is_done:
                await job.future
            return JSONResponse({"done": is_done, "said": job.said})
        if not is_done:
            return HTMLResponse(self._pages.working(job))
        page: Page = await job.future
        return HTMLResponse(self._pages.with_bar(page.html, job), headers={"content-security-policy": PAGE_POLICY})

    async def verdict_json(self, request: Request) -> Response:
        """Send the verdict as a JSON file."""
        page: Page = await self._job(request).future
        return _file(page.json, "application/json", "verdict.json")

    async def verdict_html(self, request: Request) -> Response:
        """Send the page of the verdict as a file."""
        page: Page = await self._job(request).future
        return _file(page.html, "text/html", "verdict.html")

    def endpoint(self, question: Question) -> Callable[[Request], Awaitable[Response]]:
        """Return the endpoint of the API that answers a question at once."""

        async def answer(request: Request) -> Response:
            async def asked(received: Received) -> Asked:
                if request.headers.get("content-type", "").startswith("multipart/form-data"):
                    async with form_of(request) as form:
                        return await received.form(form, question)
                return await received.json(request, question)

            job = await self._submit(asked, self._answers.json)
            return Response(await job.future, media_type="application/json")

        return answer

    async def openapi(self, request: Request) -> Response:
        """Send the OpenAPI document."""
        return JSONResponse(self._openapi)

    async def refuse(self, request: Request, error: Exception) -> Response:
        """Say what was not as expected, as JSON or above the form."""
        status, headers = _UNPROCESSABLE, {}
        if isinstance(error, HTTPException):
            status, headers, said = error.status_code, dict(error.headers or {}), error.detail
        else:
            said = str(error)
        if isinstance(error, Busy):
            status, headers = 503, {"retry-after": str(error.retry_after)}
        return self._refusal(request, said, status, headers)

    async def fail(self, request: Request, error: Exception) -> Response:
        """Say that the program has a fault; what it is goes to the log alone."""
        # Starlette answers a fault outside all middleware.
        return self._refusal(request, "A fault of the program. Its log says more.", 500, dict(HEADERS))

    def _refusal(self, request: Request, said: str, status: int, headers: dict[str, str]) -> Response:
        if request.url.path.startswith("/api/") or _wants_json(request):
            return JSONResponse({"error": said}, status, headers)
        return self._form(request, said, status, headers)

    def _form(
        self, request: Request, error: str = "", status: int = 200, headers: dict[str, str] | None = None
    ) -> Response:
        cookie, token = self._tokens.issue(request)
        response = HTMLResponse(self._pages.form(token, error), status, headers)
        self._tokens.remember(response, cookie)
        return response

    async def _submit(
        self,
        receive: Callable[[Received], Awaitable[Asked]],
        answer: Callable[[Asked, Watch], Any],
        keep: bool = False,
    ) -> Job:
        """Take a question in; its files are removed when it is answered, or cannot be."""
        folder: Path | None = None

        async def prepare() -> Work:
            nonlocal folder
            folder = Path(tempfile.mkdtemp(dir=self._folder))
            try:
                async with asyncio.timeout(self._settings.sending_seconds):
                    asked = await receive(Received(folder, self._settings.most_bytes))
            except TimeoutError:
                raise HTTPException(408, "The sending took too long. Send fewer or smaller files.") from None
            return lambda watch: answer(asked, watch)

        def remove(_: object = None) -> None:
            if folder is not None:
                shutil.rmtree(folder, ignore_errors=True)

        try:
            job = await self._desk.submit(prepare, keep)
        except BaseException:
            remove()
            raise
        job.future.add_done_callback(remove)
        return job

    def _job(self, request: Request) -> Job:
        job = self._desk.find(request.path_params["id"])
        if job is None:
            minutes = round(KEPT_SECONDS / 60)
            raise HTTPException(404, f"There is no such verdict. Verdicts are forgotten after {minutes} minutes.")
        return job


def _wants_json(request: Request) -> bool:
    return request.headers.get("accept", "").startswith("application/json")


def _file(content: str, media_type: str, name: str) -> Response:
    return Response(content, media_type=media_type, headers={"content-disposition": f'attachment; filename="{name}"'})
