"""The packages under test: fields, entries, control files and contents, as dpkg-deb tells them."""

import atexit
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import NamedTuple

DEVICE = "watchword"
SERVER = "watchword-server"
PACKAGES = (DEVICE, SERVER)
ROOT = Path(__file__).resolve().parents[2]


class Entry(NamedTuple):
    mode: str
    owner: str
    path: str


class Package:
    """One of the packages in $WATCHWORD_PACKAGES."""

    _extracted: dict[str, Path] = {}

    def __init__(self, name: str):
        folder = Path(os.environ["WATCHWORD_PACKAGES"])
        (self.path,) = folder.glob(f"{name}_*.deb")
        self.name = name
        self.architecture = self.path.stem.rsplit("_", 1)[1]

    def field(self, name: str) -> str:
        return _output("dpkg-deb", "--field", self.path, name).rstrip("\n")

    def related(self, field: str) -> dict[str, str]:
        """Each package named in Depends or its like, alternatives too, with its least version or an empty text."""
        found = re.findall(r"([a-z0-9][a-z0-9.+-]+)(?: \(>= ([^)]+)\))?", self.field(field))
        return dict(found)

    def control(self, file: str) -> str:
        return _output("dpkg-deb", "--info", self.path, file)

    def entries(self) -> list[Entry]:
        lines = _output("dpkg-deb", "--contents", self.path).splitlines()
        return [Entry(fields[0], fields[1], fields[5]) for fields in (line.split(None, 5) for line in lines)]

    def extracted(self) -> Path:
        """A folder with the package's files."""
        if self.name not in self._extracted:
            folder = tempfile.mkdtemp()
            atexit.register(shutil.rmtree, folder, ignore_errors=True)
            subprocess.run(["dpkg-deb", "--extract", self.path, folder], check=True)
            self._extracted[self.name] = Path(folder)
        return self._extracted[self.name]

    def run(self, *arguments: str) -> str:
        return _output(self.extracted() / "usr/bin" / self.name, *arguments)


def _output(*command: str | Path) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout
