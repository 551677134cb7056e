"""yaml-language-server as an editor talks to it: the Language Server Protocol 3.17 over standard input and output."""

from __future__ import annotations

import json
import queue
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support.tools import BUILT, MissingToolError, run

_HERE = Path(__file__).resolve().parent
_SETTINGS = {"validate": True, "hover": True, "completion": True, "schemaStore": {"enable": False}}
"""Of `yaml`; the store of schemas is on the network, and these files name their own."""
_PATIENCE = 60.0

Message = dict[str, Any]


def language_server() -> Path:
    """The server's program, installed with what package-lock.json says. Raises MissingToolError."""
    home = BUILT / "editor"
    lock, kept = _HERE / "package-lock.json", home / "package-lock.json"
    program = home / "node_modules" / "yaml-language-server" / "bin" / "yaml-language-server"
    for name in ("node", "npm"):
        if shutil.which(name) is None:
            raise MissingToolError(f"there is no {name} here: install Node 18 or newer")
    if not (program.is_file() and kept.is_file() and kept.read_bytes() == lock.read_bytes()):
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir(parents=True)
        shutil.copy(_HERE / "package.json", home)
        shutil.copy(lock, home)
        run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=home)
    return program


class Editor:
    """An editor's end of the connection."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._received: queue.Queue[Message] = queue.Queue()
        self._last = 0
        threading.Thread(target=self._receive, daemon=True).start()

    def start(self, folder: Path) -> None:
        """Shake hands about a folder."""
        capabilities = {
            "workspace": {"configuration": True},
            "textDocument": {"hover": {"contentFormat": ["markdown"]}},
        }
        self.ask("initialize", {"processId": None, "rootUri": folder.as_uri(), "capabilities": capabilities})
        self._tell("initialized", {})

    def open(self, file: Path, text: str) -> list[Message]:
        """Open a document with a text, as typed; what is underlined in it."""
        document = {"uri": file.as_uri(), "languageId": "yaml", "version": 1, "text": text}
        self._tell("textDocument/didOpen", {"textDocument": document})
        published = self._wait(
            lambda item: (
                item.get("method") == "textDocument/publishDiagnostics" and item["params"]["uri"] == file.as_uri()
            )
        )
        found: list[Message] = published["params"]["diagnostics"]
        return found

    def hover(self, file: Path, line: int, column: int) -> str:
        """What is shown over a place; lines and columns count from 0."""
        shown = self.ask("textDocument/hover", _at(file, line, column))
        return str(shown["contents"]["value"]) if shown else ""

    def completions(self, file: Path, line: int, column: int) -> dict[str, str]:
        """What is offered at a place, with its explanation."""
        found = self.ask("textDocument/completion", _at(file, line, column))
        items = found["items"] if isinstance(found, dict) else found
        return {item["label"]: json.dumps(item.get("documentation", "")) for item in items}

    def ask(self, method: str, parameters: Message) -> Any:
        """The answer to a request."""
        self._last += 1
        number = self._last
        self._send({"id": number, "method": method, "params": parameters})
        answer = self._wait(lambda item: item.get("id") == number and "method" not in item)
        assert "error" not in answer, answer
        return answer["result"]

    def _tell(self, method: str, parameters: Message) -> None:
        self._send({"method": method, "params": parameters})

    def _wait(self, wanted: Callable[[Message], bool]) -> Message:
        while True:
            item = self._received.get(timeout=_PATIENCE)
            if wanted(item):
                return item

    def _send(self, message: Message) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self._process.stdin is not None
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self._process.stdin.flush()

    def _receive(self) -> None:
        """Read messages until the server ends, and answer its own requests."""
        stream = self._process.stdout
        assert stream is not None
        while header := stream.readline():
            length = int(header.split(b":")[1])
            while stream.readline().strip():
                pass
            item: Message = json.loads(stream.read(length))
            if "method" in item and "id" in item:
                asked = item.get("params", {}).get("items", [])
                result = [_SETTINGS if one.get("section") == "yaml" else {} for one in asked] or None
                self._send({"id": item["id"], "result": result})
            else:
                self._received.put(item)


def _at(file: Path, line: int, column: int) -> Message:
    return {"textDocument": {"uri": file.as_uri()}, "position": {"line": line, "character": column}}


@contextmanager
def editor(folder: Path) -> Iterator[Editor]:
    """An editor on a folder, with a server that ends with it."""
    command = ["node", str(language_server()), "--stdio"]
    with subprocess.Popen(command, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        made = Editor(process)
        made.start(folder)
        try:
            yield made
        finally:
            process.terminate()
