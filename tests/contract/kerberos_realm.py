"""A real Kerberos realm on a port of its own: MIT's KDC, a service account and a keytab for each side."""

import os
import shutil
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import pytest

from mailbot.exchange.ews.kerberos import Keytab

REALM = "VOORBEELD.EXAMPLE"
HOST = "mail.voorbeeld.example"
ACCOUNT = f"svc-mailbot@{REALM}"
FAKETIME = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1")

CLIENT = f"""\
[libdefaults]
 default_realm = {REALM}
 dns_canonicalize_hostname = false
 rdns = false
 dns_lookup_kdc = false
 dns_lookup_realm = false
 kdc_timesync = 0
[realms]
 {REALM} = {{
  kdc = 127.0.0.1:%(port)d
 }}
[domain_realm]
 .voorbeeld.example = {REALM}
"""
SERVER = f"""\
[kdcdefaults]
 kdc_listen = 127.0.0.1:%(port)d
 kdc_tcp_listen = 127.0.0.1:%(port)d
[realms]
 {REALM} = {{
  database_name = %(folder)s/principal
  key_stash_file = %(folder)s/stash
  acl_file = %(folder)s/acl
  supported_enctypes = aes256-cts:normal
 }}
[logging]
 kdc = FILE:%(folder)s/kdc.log
"""


def missing(reason: str) -> NoReturn:
    """Skip, or fail where the component is required."""
    if "kerberos" in os.environ.get("MAILBOT_REQUIRE", "").split(","):
        pytest.fail(f"kerberos is required: {reason}")
    pytest.skip(f"kerberos: {reason}")


def needed() -> None:
    for program in ("krb5kdc", "kdb5_util", "kadmin.local"):
        if shutil.which(program, path=PATH) is None:
            missing(f"{program} is not installed (Debian: krb5-kdc krb5-admin-server)")
    try:
        import gssapi  # noqa: F401
    except ImportError:
        missing("gssapi is not installed (pip install -r requirements-kerberos.lock)")


PATH = os.environ.get("PATH", "") + os.pathsep + "/usr/sbin"


@dataclass
class Realm:
    """`krb5_conf` is for clients; `folder` holds the database, the KDC's log and the keytabs."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def krb5_conf(self) -> Path:
        return self.folder / "krb5.conf"

    @property
    def keytab(self) -> Keytab:
        return Keytab(self.folder / "svc.keytab", ACCOUNT, HOST)

    @property
    def service_keytab(self) -> Path:
        return self.folder / "http.keytab"

    @property
    def env(self) -> dict[str, str]:
        return {
            "PATH": PATH,
            "KRB5_CONFIG": str(self.krb5_conf),
            "KRB5_KDC_PROFILE": str(self.folder / "kdc.conf"),
        }

    def make(self) -> None:
        terms = {"port": self.port, "folder": self.folder}
        self.krb5_conf.write_text(CLIENT % terms, encoding="ascii")
        (self.folder / "kdc.conf").write_text(SERVER % terms, encoding="ascii")
        self._run("kdb5_util", "create", "-s", "-r", REALM, "-P", "only-for-tests")
        self.admin("addprinc +requires_preauth -randkey svc-mailbot")
        self.admin(f"addprinc -randkey HTTP/{HOST}")
        self.admin(f"ktadd -k {self.folder}/svc.keytab -norandkey svc-mailbot")
        self.admin(f"ktadd -k {self.service_keytab} -norandkey HTTP/{HOST}")

    def admin(self, what: str) -> None:
        """One line of kadmin.local, which works on the database itself."""
        self._run("kadmin.local", "-q", what)

    def _run(self, *words: str) -> None:
        done = subprocess.run(words, env=self.env, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr

    def start(self, clock: str | None = None) -> None:
        """`clock` sets the KDC's clock off, such as +2h."""
        env = self.env
        if clock is not None:
            if not FAKETIME.is_file():
                missing("libfaketime is not installed (Debian: libfaketime)")
            env |= {"LD_PRELOAD": str(FAKETIME), "FAKETIME": clock}
        self.process = subprocess.Popen(
            ["krb5kdc", "-n"], env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        end = time.monotonic() + 60
        while True:
            assert self.process.poll() is None, "the KDC ended at once"
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                assert time.monotonic() < end, "the KDC does not listen"
                time.sleep(0.02)

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(60)
            self.process = None

    def logged(self, word: str) -> int:
        """Lines of the KDC's log with this word."""
        log = (self.folder / "kdc.log").read_text(encoding="utf-8", errors="replace")
        return sum(word in line for line in log.splitlines())
