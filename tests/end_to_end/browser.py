"""A headless Chromium, driven through the DevTools protocol."""

import asyncio
import base64
import itertools
import os
import shutil
import subprocess
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

NAMES = ("chromium", "chromium-browser", "google-chrome")
OPTIONS = (
    "--headless",
    "--disable-gpu",
    "--hide-scrollbars",
    "--no-first-run",
    "--remote-debugging-port=0",
)

# A new profile of MLflow opens in its GenAI mode with an assistant over a quarter of the page.
SETTLED = """
localStorage.setItem("mlflow.workflowType_v1", '"machine_learning"');
localStorage.setItem("mlflow.assistant.fab.autoOpenedOnFirstLoad_v1", "true");
localStorage.setItem("mlflow.assistant.panelOpen_v1", "false");
"""


def chromium() -> str | None:
    """The Chromium on this machine, if any."""
    return next(filter(None, map(shutil.which, NAMES)), None)


class Page:
    """One tab."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self.numbers = itertools.count(1)

    async def call(self, method: str, **params: object) -> dict:
        """The result of a DevTools method."""
        number = next(self.numbers)
        await self.socket.send_json({"id": number, "method": method, "params": params})
        while (answer := await self.socket.receive_json()).get("id") != number:
            pass  # an event
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']['message']}")
        return answer["result"]

    async def open(self, link: str) -> None:
        """Go to an address."""
        await self.call("Page.enable")
        await self.call("Page.addScriptToEvaluateOnNewDocument", source=SETTLED)
        await self.call("Page.navigate", url=link)

    async def value(self, expression: str) -> object:
        """What an expression gives in the page."""
        answer = await self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        return answer["result"].get("value")

    async def text(self, wanted: Iterable[str], *, drawn: str = "body", seconds: float = 90) -> str:
        """The page's text, once it holds all that is wanted and a drawn element; or as it is."""
        until = time.monotonic() + seconds
        while True:
            text = str(await self.value("document.body ? document.body.innerText : ''"))
            found = await self.value(f"document.querySelector({drawn!r}) !== null")
            if (found and all(one in text for one in wanted)) or time.monotonic() > until:
                return text
            await asyncio.sleep(0.2)

    async def screenshot(self, path: Path) -> None:
        """Save what is seen."""
        answer = await self.call("Page.captureScreenshot", format="png")
        path.write_bytes(base64.b64decode(answer["data"]))


@asynccontextmanager
async def browser(profile: Path) -> AsyncIterator[Page]:
    """A tab of a Chromium with a profile of its own."""
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    size = "--window-size=1600,1000"
    command = [chromium(), *OPTIONS, *sandbox, size, f"--user-data-dir={profile}", "about:blank"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        address = f"http://127.0.0.1:{await debugging_port(profile / 'DevToolsActivePort')}"
        async with aiohttp.ClientSession() as session:
            async with session.get(f"{address}/json/list") as answer:
                tab = next(one for one in await answer.json() if one["type"] == "page")
            async with session.ws_connect(tab["webSocketDebuggerUrl"], max_msg_size=0) as socket:
                yield Page(socket)
    finally:
        process.terminate()
        process.wait()


async def debugging_port(file: Path) -> int:
    """The port that Chromium writes into its profile once it listens."""
    for _ in range(300):
        if file.is_file() and (lines := file.read_text().splitlines()):
            return int(lines[0])
        await asyncio.sleep(0.1)
    raise TimeoutError("Chromium did not open a debugging port within 30 s")
