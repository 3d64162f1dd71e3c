"""client.py against a real device with its own server: whether docs/protocol.md is enough to write a viewer from."""

import contextlib
import hashlib
import json
import os
import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import threading
import unittest

HERE = pathlib.Path(__file__).parent
WATCHWORD = os.environ.get("WATCHWORD_BIN") or str(HERE.parents[1] / "target/debug/watchword")

CONFIG = """
[server]
listen = "127.0.0.1:{tcp}"
stun = "127.0.0.1:{udp}"
[video]
source = "none"
[audio]
source = "none"
[files]
roots = [{{ name = "files", path = "{files}", writable = true }}]
[[commands]]
name = "greet"
run = ["/bin/sh", "-c", 'echo "hello, $1"; echo "a word aside" >&2; exit 7', "greet", "{{whom}}"]
args = {{ whom = "[a-z]+" }}
"""


def free_port(kind):
    with contextlib.closing(socket.socket(socket.AF_INET, kind)) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Device:
    """`watchword run` with a folder of its own. Its lines are kept, for whoever asks why it did not do something."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.port = free_port(socket.SOCK_STREAM)
        self.config = self.folder / "config.toml"
        self.files = self.folder / "tree"
        self.files.mkdir()
        udp = free_port(socket.SOCK_DGRAM)
        self.config.write_text(CONFIG.format(tcp=self.port, udp=udp, files=self.files))
        # Whatever started the tests may be a service: the daemon must not take itself for one.
        self.environment = {**os.environ, "STATE_DIRECTORY": str(folder), "HOME": str(folder)}
        for name in ("NOTIFY_SOCKET", "JOURNAL_STREAM"):
            self.environment.pop(name, None)
        self.lines, self.ready = [], threading.Event()
        self.process = None

    def word(self, label, allow):
        command = [WATCHWORD, "--config", self.config, "word", "add", "--label", label, "--allow", allow]
        said = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=True).stdout
        return re.search(r"^ *Word +(\S+)$", said, re.MULTILINE).group(1)

    def start(self):
        command = [WATCHWORD, "--config", self.config, "run"]
        self.process = subprocess.Popen(
            command, env=self.environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        self.reader = threading.Thread(target=self.read)
        self.reader.start()
        if not self.ready.wait(30):
            raise AssertionError("the device did not come up:\n" + "".join(self.lines))

    def read(self):
        for line in self.process.stderr:
            self.lines.append(line)
            if "registered at the place" in line:
                self.ready.set()

    def stop(self):
        self.process.terminate()
        code = self.process.wait(30)
        self.reader.join()
        self.process.stderr.close()
        if code != 0:
            raise AssertionError(f"the device ended with {code}:\n" + "".join(self.lines))


class Client(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="watchword-python-")
        cls.addClassCleanup(folder.cleanup)
        cls.device = Device(folder.name)
        cls.words = {
            "all": cls.device.word("all", "files,upload,commands"),
            "reader": cls.device.word("reader", "files,commands"),
        }
        cls.device.start()
        cls.addClassCleanup(cls.device.stop)

    def run_client(self, word, content, path, *command):
        file = self.device.folder / "to-send"
        file.write_bytes(content)
        url = f"wss://127.0.0.1:{self.device.port}/ws"
        command = [sys.executable, HERE / "client.py", url, file, path, *command]
        environment = {**os.environ, "WATCHWORD_WORD": word}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=150)
        return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr

    def test_lists_sends_and_runs(self):
        (self.device.files / "there before.txt").write_text("here")
        for name, size in (("some.bin", 9_000_001), ("nothing.bin", 0), ("one mebibyte.bin", 1 << 20)):
            content = hashlib.shake_256(name.encode()).digest(size)
            code, said, errors = self.run_client(self.words["all"], content, f"files/{name}", "greet", "whom=world")
            self.assertEqual((code, errors), (7, ""), said)
            page, sent, *output = said
            there = {entry["name"]: entry for entry in page["entries"]}
            self.assertEqual((there["there before.txt"]["size"], there["there before.txt"]["kind"]), (4, "file"))
            self.assertNotIn(name, there)
            self.assertEqual(sent, {"type": "done"})
            self.assertEqual((self.device.files / name).read_bytes(), content)
            text = {stream: "".join(o["text"] for o in output if o["stream"] == stream) for stream in ("stdout", "stderr")}
            self.assertEqual(text, {"stdout": "hello, world\n", "stderr": "a word aside\n"})

    def test_is_told_what_its_word_does_not_allow(self):
        code, said, errors = self.run_client(self.words["reader"], b"x", "files/x", "greet", "whom=world")
        self.assertEqual((code, len(said)), (1, 1))
        self.assertIn("files.put: ", errors)
        self.assertFalse((self.device.files / "x").exists())

    def test_a_wrong_word_proves_nothing(self):
        wrong = self.words["all"] + "x"
        code, said, errors = self.run_client(wrong, b"x", "files/x", "greet", "whom=world")
        self.assertEqual((code, said, errors), (1, [], "The word is wrong, or the device is another.\n"))


if __name__ == "__main__":
    unittest.main()
