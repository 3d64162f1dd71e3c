"""What is in the packages: fields, files, modes, manual pages, completions, configuration."""

import gzip
import re
import subprocess
import tempfile
import tomllib
import unittest
from pathlib import Path

from packages import DEVICE, PACKAGES, SERVER, ROOT, Package


class Fields(unittest.TestCase):
    def test_names_and_versions(self):
        for name in PACKAGES:
            package = Package(name)
            self.assertEqual(package.field("Package"), name)
            self.assertRegex(package.field("Version"), r"^\d+\.\d+\.\d+-1$")
            self.assertEqual(package.field("Architecture"), package.architecture)
        self.assertNotEqual(
            Package(DEVICE).field("Description").splitlines()[0],
            Package(SERVER).field("Description").splitlines()[0],
        )

    def test_the_device_depends_on_every_package_whose_plugins_it_loads(self):
        package = Package(DEVICE)
        depends, suggests = package.related("Depends"), package.related("Suggests")
        plugins = (ROOT / "daemon/media/src/gstreamer/plugins.rs").read_text()
        named = {word for word in plugins.split('"') if word.startswith(("gstreamer1.0-", "libgstreamer1.0-"))}
        # Debian has these on every board. Others are of single makers' boards, and may not be there to depend on.
        always = {f"gstreamer1.0-{part}" for part in ("plugins-base", "plugins-good", "plugins-bad", "plugins-ugly", "alsa")}
        self.assertLessEqual(always, named)
        self.assertLessEqual(always, set(depends))
        self.assertLessEqual(named, {*depends, *suggests})

    def test_the_server_needs_no_gstreamer(self):
        for name in Package(SERVER).related("Depends"):
            self.assertNotIn("gst", name)
        needed = subprocess.run(
            ["objdump", "-p", Package(SERVER).extracted() / "usr/bin/watchword-server"],
            capture_output=True, text=True, check=True,
        ).stdout
        self.assertNotIn("libgst", needed)

    def test_libc_is_new_enough_for_the_executables(self):
        for name in PACKAGES:
            package = Package(name)
            symbols = subprocess.run(
                ["objdump", "-T", package.extracted() / "usr/bin" / name], capture_output=True, text=True, check=True
            ).stdout
            needed = {
                tuple(map(int, word.strip("()").removeprefix("GLIBC_").split(".")))
                for word in symbols.split() if word.strip("()").startswith("GLIBC_2")
            }
            wanted = package.related("Depends")["libc6"]
            self.assertLessEqual(max(needed), tuple(map(int, wanted.split("."))))


class Files(unittest.TestCase):
    def test_every_file_belongs_to_root_and_has_the_mode_of_its_kind(self):
        for name in PACKAGES:
            for entry in Package(name).entries():
                self.assertIn(entry.owner, ("root/root", "0/0"), entry.path)
                executable = entry.path.startswith("./usr/bin/") and not entry.path.endswith("/")
                wanted = "drwxr-xr-x" if entry.path.endswith("/") else "-rwxr-xr-x" if executable else "-rw-r--r--"
                self.assertEqual(entry.mode, wanted, entry.path)

    def test_what_must_be_there(self):
        common = ["usr/bin/{}", "usr/lib/systemd/system/{}.service", "usr/lib/systemd/system/{}-retry.timer",
                  "usr/lib/sysusers.d/{}.conf", "usr/lib/tmpfiles.d/{}.conf", "usr/share/man/man1/{}.1.gz",
                  "usr/share/bash-completion/completions/{}", "usr/share/zsh/vendor-completions/_{}",
                  "usr/share/fish/vendor_completions.d/{}.fish", "usr/share/doc/{}/copyright",
                  "usr/share/doc/{}/changelog.Debian.gz"]
        more = {
            DEVICE: ["etc/watchword/config.toml", "usr/share/doc/watchword/examples/commands.conf",
                     "usr/share/doc/watchword/examples/files.conf", "usr/share/doc/watchword/examples/config.toml",
                     "usr/share/doc/watchword/systemd.md", "usr/share/doc/watchword/boards.md"],
            SERVER: ["etc/watchword/server.toml", "usr/lib/systemd/system/watchword-server.socket",
                     "usr/share/doc/watchword-server/systemd.md"],
        }
        for name in PACKAGES:
            there = {entry.path for entry in Package(name).entries()}
            for path in [path.format(name) for path in common] + more[name]:
                self.assertIn("./" + path, there)

    def test_both_can_be_installed_beside_each_other(self):
        of = {name: {e.path for e in Package(name).entries() if not e.path.endswith("/")} for name in PACKAGES}
        self.assertEqual(of[DEVICE] & of[SERVER], set())

    def test_the_configuration_is_a_conffile_and_nothing_else_is(self):
        self.assertEqual(Package(DEVICE).control("conffiles").split(), ["/etc/watchword/config.toml"])
        self.assertEqual(Package(SERVER).control("conffiles").split(), ["/etc/watchword/server.toml"])

    def test_the_same_executables_give_the_same_packages(self):
        for name in PACKAGES:
            path = Package(name).path
            self.assertEqual(path.read_bytes(), (path.parent / "again" / path.name).read_bytes(), name)


class Manuals(unittest.TestCase):
    def test_every_command_has_a_page_that_groff_reads_without_a_warning(self):
        for name in PACKAGES:
            package = Package(name)
            pages = sorted((package.extracted() / "usr/share/man/man1").glob("*.1.gz"))
            told = package.run("--help").splitlines()
            commands = [line.split()[0] for line in told if line.startswith("  ") and not line.startswith("   ")]
            commands = [command for command in commands if command not in ("help",) and command[0] != "-"]
            self.assertTrue(commands)
            names = {page.name for page in pages}
            for command in commands:
                self.assertIn(f"{name}-{command}.1.gz", names)
            self.assertNotIn(f"{name}-generate.1.gz", names)
            for page in pages:
                text = gzip.decompress(page.read_bytes())
                self.assertIn(b".SH NAME", text, page.name)
                self.assertNotIn(b".SH EXTRA", text, page.name)
                said = subprocess.run(["man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", page],
                                      capture_output=True, text=True)
                self.assertEqual((said.returncode, said.stderr), (0, ""), page.name)

    def test_completions_are_whole_and_for_the_packages_own_command(self):
        for name in PACKAGES:
            root = Package(name).extracted()
            bash = root / "usr/share/bash-completion/completions" / name
            subprocess.run(["bash", "-n", bash], check=True)
            script = f"source {bash}; complete -p {name}"
            said = subprocess.run(["bash", "-c", script], capture_output=True, text=True)
            self.assertIn(f" {name}", said.stdout, said.stderr)
            zsh = (root / f"usr/share/zsh/vendor-completions/_{name}").read_text()
            self.assertTrue(zsh.startswith(f"#compdef {name}\n"))
            fish = (root / f"usr/share/fish/vendor_completions.d/{name}.fish").read_text()
            for text in (bash.read_text(), zsh, fish):
                self.assertIn("serve", text)
                self.assertNotIn("generate", text)


class Configuration(unittest.TestCase):
    def test_as_it_is_installed_it_changes_nothing(self):
        for name, file in ((DEVICE, "config.toml"), (SERVER, "server.toml")):
            path = Package(name).extracted() / "etc/watchword" / file
            self.assertFalse([keys for keys in tomllib.loads(path.read_text()).values() if keys], file)

    def test_every_key_of_the_server_is_taken_by_the_server(self):
        package = Package(SERVER)
        text = (package.extracted() / "etc/watchword/server.toml").read_text()
        keys = [line for line in text.splitlines() if line.startswith("#") and not line.startswith("# ")]
        self.assertGreater(len(keys), 5)
        self.assertEqual([line for line in text.splitlines() if line.startswith("[")], ["[server]", "[log]"])
        switched_on = re.sub(r"(?m)^#(?! )", "", text).replace("[::]:8443", "127.0.0.1:0").replace("[::]:3478", "")
        with tempfile.TemporaryDirectory() as folder:
            config = Path(folder, "server.toml")
            config.write_text(switched_on)
            server = subprocess.Popen([package.extracted() / "usr/bin/watchword-server", "serve", "--config", config],
                                      env={"STATE_DIRECTORY": folder}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                      text=True)
            with server:
                first = server.stdout.readline()
                server.terminate()
            self.assertIn("serves at https://127.0.0.1:", first)


class Notices(unittest.TestCase):
    def test_who_wrote_what_is_in_the_executable_is_told(self):
        for name in PACKAGES:
            text = gzip.decompress((Package(name).extracted() / f"usr/share/doc/{name}/notices.gz").read_bytes()).decode()
            listed = {line.split()[0] for line in text.splitlines() if line.startswith("  ") and ": " in line}
            self.assertLessEqual({"tokio", "rustls", "lit", "hash-wasm"}, listed)
            self.assertEqual(name == DEVICE, "gstreamer" in listed)
            self.assertIn("Copyright (c) Tokio Contributors", text)
