"""What systemd says of the units, and lintian of the packages."""

import os
import re
import subprocess
import tempfile
import unittest
from pathlib import Path

from packages import DEVICE, PACKAGES, SERVER, ROOT, Package

# What an attacker who took the process over could still reach, from 0 to 10: the device has cameras, sound and a GPU,
# and commands of its owner's.
EXPOSURE = {DEVICE: 2.0, SERVER: 1.5}


def units(name: str) -> list[Path]:
    return sorted((Package(name).extracted() / "usr/lib/systemd/system").iterdir())


class Units(unittest.TestCase):
    def test_systemd_finds_nothing_to_say(self):
        # Its exit code is 0 also for a key that it does not know: what counts is that it is silent.
        for name in PACKAGES:
            root = Package(name).extracted()
            with tempfile.TemporaryDirectory() as folder:
                # The executables are not installed here; where they are is theirs to know, not the check's.
                for unit in units(name):
                    text = unit.read_text().replace("=/usr/bin/", f"={root}/usr/bin/").replace("man:", "file:/")
                    Path(folder, unit.name).write_text(text)
                said = subprocess.run(["systemd-analyze", "verify", "--man=no", *Path(folder).iterdir()],
                                      capture_output=True, text=True)
                self.assertEqual((said.returncode, said.stdout, said.stderr), (0, "", ""), name)

    def test_a_slip_in_a_unit_would_be_found(self):
        with tempfile.TemporaryDirectory() as folder:
            unit = Path(folder, "slip.service")
            unit.write_text("[Service]\nExecStart=/bin/true\nProtectHoem=yes\n")
            said = subprocess.run(["systemd-analyze", "verify", "--man=no", unit], capture_output=True, text=True)
            self.assertIn("ProtectHoem", said.stderr)

    def test_the_sandbox_leaves_little_exposed(self):
        for name, most in EXPOSURE.items():
            unit = Package(name).extracted() / f"usr/lib/systemd/system/{name}.service"
            said = subprocess.run(["systemd-analyze", "security", "--offline=true", "--no-pager", unit],
                                  capture_output=True, text=True, check=True).stdout
            exposure = float(re.search(r"Overall exposure level for .*: ([0-9.]+)", said).group(1))
            print(f"{name}: exposure {exposure} of at most {most}", end=" ... ", flush=True)
            self.assertLessEqual(exposure, most, said)

    def test_the_users_of_the_units_are_made_and_own_their_state(self):
        for name in PACKAGES:
            root = Package(name).extracted()
            unit = (root / f"usr/lib/systemd/system/{name}.service").read_text()
            setting = {key: value for key, _, value in (line.partition("=") for line in unit.splitlines())}
            with tempfile.TemporaryDirectory() as folder:
                made = Path(folder, "usr/lib")
                made.mkdir(parents=True)
                Path(folder, "etc").mkdir()
                for kind in ("sysusers.d", "tmpfiles.d"):
                    (made / kind).symlink_to(root / "usr/lib" / kind)
                for tool in (["systemd-sysusers"], ["systemd-tmpfiles", "--create"]):
                    file = root / "usr/lib" / f"{tool[0].removeprefix('systemd-')}.d" / f"{name}.conf"
                    subprocess.run([*tool, f"--root={folder}", file], check=True)
                users = dict(line.split(":")[0::2][:2] for line in Path(folder, "etc/passwd").read_text().splitlines())
                groups = [line.split(":") for line in Path(folder, "etc/group").read_text().splitlines()]
                self.assertIn(setting["User"], users)
                # Where the groups are not Debian's own yet, they are made: a missing one keeps a service from starting.
                for group in setting.get("SupplementaryGroups", "").split():
                    self.assertIn(group, [line[0] for line in groups])
                    self.assertIn([setting["User"]], [line[3].split(",") for line in groups if line[0] == group])
                state = Path(folder, "var/lib", setting["StateDirectory"])
                self.assertEqual(oct(state.stat().st_mode & 0o7777), oct(int(setting["StateDirectoryMode"], 8)))
                self.assertEqual(str(state.stat().st_uid), users[setting["User"]])

    def test_every_line_of_the_examples_is_known_to_systemd_once_it_is_switched_on(self):
        examples = Package(DEVICE).extracted() / "usr/share/doc/watchword/examples"
        service = (examples / "../../../../lib/systemd/system/watchword.service").read_text()
        for example in sorted(examples.glob("*.conf")):
            text, switched = re.subn(r"(?m)^#(?=[A-Z]\w+=)", "", example.read_text())
            self.assertGreaterEqual(switched, 4, example.name)
            with tempfile.TemporaryDirectory() as folder:
                unit = Path(folder, "watchword.service")
                root = Package(DEVICE).extracted()
                unit.write_text(service.replace("=/usr/bin/", f"={root}/usr/bin/"))
                drop_in = Path(folder, "watchword.service.d")
                drop_in.mkdir()
                (drop_in / example.name).write_text(text)
                for timer in units(DEVICE):
                    if timer.suffix == ".timer":
                        Path(folder, timer.name).write_text(timer.read_text())
                said = subprocess.run(["systemd-analyze", "verify", "--man=no", unit], capture_output=True, text=True)
                self.assertEqual((said.returncode, said.stderr), (0, ""), example.name)


class Lintian(unittest.TestCase):
    def test_it_has_nothing_to_say_but_what_is_overridden_with_a_reason(self):
        for name in PACKAGES:
            said = subprocess.run(["lintian", "--allow-root", "--fail-on", "error,warning", Package(name).path],
                                  capture_output=True, text=True)
            self.assertEqual((said.returncode, said.stdout), (0, ""), said.stderr)
            overrides = (ROOT / f"cross/debian/{name}.lintian-overrides").read_text().splitlines()
            for before, line in zip(["", *overrides], overrides):
                self.assertTrue(line.startswith("#") or before.startswith("#"), f"without a reason: {line}")


class Scripts(unittest.TestCase):
    def test_armv6_is_refused_with_a_sentence(self):
        for name in PACKAGES:
            for machine, refused in (("armv6l", True), ("armv7l", False), ("aarch64", False), ("x86_64", False)):
                with tempfile.TemporaryDirectory() as folder:
                    uname = Path(folder, "uname")
                    uname.write_text(f"#!/bin/sh\necho {machine}\n")
                    uname.chmod(0o755)
                    script = Path(folder, "preinst")
                    script.write_text(Package(name).control("preinst"))
                    said = subprocess.run(["sh", script, "install"], capture_output=True, text=True,
                                          env={"PATH": f"{folder}:{os.environ['PATH']}"})
                    self.assertEqual(said.returncode, int(refused), machine)
                    self.assertEqual("ARMv7" in said.stderr, refused, said.stderr)
