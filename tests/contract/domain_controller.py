"""A real Active Directory domain controller: Samba's, on its own address, with the attributes of Exchange.

Its ports are fixed (389, 636, 88), so each server takes the first address from 127.0.0.53 on that nobody
uses. It is provisioned once; `fresh` puts that state back. A server ends with the process that started it.
"""

import base64
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import NoReturn

import pytest
from cryptography import x509

from tests.contract import ad_schema
from tests.contract.ldif_records import additions, linking, parents, records
from tests.contract.wires import authority

DOMAIN = "ad.voorbeeld.example"
REALM = DOMAIN.upper()
BASE = "DC=ad,DC=voorbeeld,DC=example"
HOST = f"dc1.{DOMAIN}"
USERNAME = f"svc-mailbot@{DOMAIN}"
PASSWORD = "Alleen-lezen-42"
PEOPLE = f"OU=Medewerkers,{BASE}"
FUNCTIONAL = f"OU=Functioneel,{BASE}"
ADMINS = f"OU=Beheer,{BASE}"
GROUPS = f"OU=Groepen,{BASE}"
DATABASES = f"CN=Databases,CN=Microsoft Exchange,CN=Services,CN=Configuration,{BASE}"

KERBEROS = f"""\
[libdefaults]
 default_realm = {REALM}
 dns_canonicalize_hostname = false
 rdns = false
 dns_lookup_kdc = false
 dns_lookup_realm = false
[realms]
 {REALM} = {{{{
  kdc = {{kdc}}
 }}}}
"""

PATH = os.environ.get("PATH", "") + os.pathsep + "/usr/sbin"
FIRST = ip_address("127.0.0.53")
ADDRESSES = tuple(str(FIRST + number) for number in range(32))
PORTS = (389, 636, 88)
PATIENCE = 30.0

# Strong auth as Windows wants it unless told otherwise: Kerberos seals by itself, or not at all under TLS.
SETTINGS = """\
[global]
 workgroup = VOORBEELD
 realm = {realm}
 netbios name = DC1
 server role = active directory domain controller
 server services = ldap, kdc
 interfaces = {address}/8
 bind interfaces only = yes
 private dir = {data}/private
 lock directory = {data}
 state directory = {data}/state
 cache directory = {data}/cache
 pid directory = {run}
 ncalrpc dir = {run}/ncalrpc
 log file = {run}/log.%m
 disable netbios = yes
 ldb:nosync = true
 dsdb:schema update allowed = yes
 ldap server require strong auth = allow_sasl_over_tls
 tls cafile = {chain}
 tls certfile = {chain}
 tls keyfile = {chain}
"""


def missing(reason: str) -> NoReturn:
    """Skip, or fail where the component is required."""
    if "samba" in os.environ.get("MAILBOT_REQUIRE", "").split(","):
        pytest.fail(f"samba is required: {reason}")
    pytest.skip(f"samba: {reason}")


def needed() -> None:
    for program in ("samba", "samba-tool", "ldbmodify"):
        if shutil.which(program, path=PATH) is None:
            missing(f"{program} is not installed (Debian: samba samba-ad-dc samba-ad-provision ldb-tools)")
    if not Path("/usr/share/samba/setup/provision.ldif").is_file():
        missing("the texts for provisioning are not installed (Debian: samba-ad-provision)")
    if os.geteuid() != 0:
        missing("its ports are below 1024, and this is not root")


@contextmanager
def own_address() -> Iterator[str]:
    """An address whose ports nobody listens on, held as long as this lasts."""
    for address in ADDRESSES:
        # a name without a file: free again when the process ends, however it ends
        with socket.socket(socket.AF_UNIX) as hold:
            try:
                hold.bind(f"\0mailbot-domain-controller-{address}")
                for port in PORTS:
                    socket.create_server((address, port)).close()
            except OSError:
                continue
            yield address
            return
    missing(f"none of {len(ADDRESSES)} addresses from {FIRST} on is free")


@dataclass
class DomainController:
    """One domain. `folder` holds all of it; changes reach the running server at once."""

    folder: Path
    address: str
    base: str = BASE
    username: str = USERNAME
    password: str = field(default=PASSWORD, repr=False)
    process: subprocess.Popen[bytes] | None = None
    _made: frozenset[str] = field(default=frozenset(), repr=False)
    _touched: bool = field(default=False, repr=False)
    _there: set[str] = field(default_factory=set, repr=False)

    @property
    def url(self) -> str:
        return f"ldaps://{self.address}"

    @property
    def starttls_url(self) -> str:
        return f"ldap://{self.address}"

    @property
    def ca_file(self) -> Path:
        return self.folder / "tls" / "ca.pem"

    @property
    def other_ca_file(self) -> Path:
        """Of an authority that signed nothing here."""
        return self.folder / "other" / "ca.pem"

    @property
    def settings(self) -> Path:
        return self.folder / "smb.conf"

    @property
    def sam(self) -> Path:
        return self.folder / "dc" / "private" / "sam.ldb"

    def krb5_conf(self, kdc: str | None = None) -> Path:
        """Settings of Kerberos for a member of the domain; `kdc` is another place to ask for tickets."""
        file = self.folder / ("krb5.conf" if kdc is None else "krb5-elsewhere.conf")
        file.write_text(KERBEROS.format(kdc=kdc or f"{self.address}:88"), encoding="ascii")
        return file

    def keytab(self, file: Path, account: str | None = None) -> Path:
        """The keys that this account has now, or all accounts."""
        whose = () if account is None else (f"--principal={account}@{REALM}",)
        self.tool("domain", "exportkeytab", str(file), *whose)
        return file

    def account(self, name: str, password: str) -> str:
        """Somebody who can sign in; returns the name of the entry."""
        dn = f"CN={name},CN=Users,{BASE}"
        self.modify(
            f"dn: {dn}\nchangetype: add\nobjectClass: user\nsAMAccountName: {name}\n"
            f"userPrincipalName: {name}@{DOMAIN}\n{_password(password)}\nuserAccountControl: 66048\n"
        )
        return dn

    def new_password(self, dn: str, password: str) -> None:
        self.modify(f"dn: {dn}\nchangetype: modify\nreplace: unicodePwd\n{_password(password)}\n")

    def serves(self, *hosts: str) -> None:
        """Tickets are given for the directory at these names or addresses."""
        spns = "\n".join(f"servicePrincipalName: ldap/{host}" for host in hosts)
        own = f"dn: CN=DC1,OU=Domain Controllers,{BASE}"
        self.modify(f"{own}\nchangetype: modify\nadd: servicePrincipalName\n{spns}\n")

    def make(self) -> None:
        """Provision the empty domain: schema, the units of the organisation, the service account."""
        (self.folder / "run").mkdir(parents=True)
        names = [x509.DNSName(HOST), x509.IPAddress(ip_address(self.address))]
        chain = authority(self.folder / "tls", "het domein", names=names).chain_file
        chain.chmod(0o600)
        authority(self.folder / "other", "een ander")
        terms = {"realm": REALM, "address": self.address, "data": self.folder / "dc"}
        terms |= {"run": self.folder / "run", "chain": chain}
        self.settings.write_text(SETTINGS.format(**terms), encoding="utf-8")
        self._provision()
        for step in ad_schema.steps(BASE):
            self._ldb("ldbmodify", step, "--relax")
        for unit in (PEOPLE, FUNCTIONAL, ADMINS, GROUPS):
            self._ldb("ldbadd", f"dn: {unit}\nobjectClass: organizationalUnit\n")
        exchange = DATABASES.partition(",")[2]
        for container in (exchange, DATABASES):
            self._ldb("ldbadd", f"dn: {container}\nobjectClass: container\n")
        self.account("svc-mailbot", PASSWORD)
        self.serves(self.address, HOST)
        shutil.copytree(self.folder / "dc", self.folder / "made")
        self._made = frozenset(self._names())
        self._there, self._touched = set(self._made), False

    def _names(self) -> Iterator[str]:
        """The names of all entries, in lower case."""
        everything = ("-b", BASE, "--cross-ncs", "(objectClass=*)", "dn")
        words = ("ldbsearch", f"--configfile={self.settings}", "-H", str(self.sam), *everything)
        return (record.dn.lower() for record in records(self._run(*words)))

    def _provision(self) -> None:
        self._run(
            *(
                "samba-tool",
                "domain",
                "provision",
                f"--realm={REALM}",
                "--domain=VOORBEELD",
                "--server-role=dc",
            ),
            *("--dns-backend=NONE", "--host-name=dc1", f"--host-ip={self.address}"),
            *("--adminpass=Beheerder-van-de-proef-42", f"--targetdir={self.folder / 'dc'}"),
            *("--option=ldb:nosync=true", f"--option=interfaces={self.address}/8"),
            *("--option=bind interfaces only=yes",),
            "--configfile=/dev/null",
        )

    def start(self) -> None:
        """Answers on LDAPS when this returns."""
        words = ["samba", "-i", "-M", "single", "--no-process-group", f"--configfile={self.settings}"]
        with (self.folder / "run" / "output").open("wb") as output:
            # it ends when its standard input does, so never outlives this process
            self.process = subprocess.Popen(
                words, env={"PATH": PATH}, stdin=subprocess.PIPE, stdout=output, stderr=output
            )
        trust = ssl.create_default_context(cafile=self.ca_file)
        end = time.monotonic() + PATIENCE
        while True:
            assert self.process.poll() is None, (self.folder / "run" / "output").read_text()
            try:
                with socket.create_connection((self.address, 636), timeout=5) as plain:
                    trust.wrap_socket(plain, server_hostname=self.address).close()
                return
            except ConnectionRefusedError:
                assert time.monotonic() < end, "the domain controller does not listen"
                time.sleep(0.01)

    def stop(self) -> None:
        if self.process is not None:
            # nothing of it needs a clean end: its databases are put back or thrown away
            self.process.kill()
            self.process.communicate()
            self.process = None

    def fresh(self) -> None:
        """Back to the empty domain; started again where anything was changed or it does not run."""
        if self.process is not None and self.process.poll() is None and not self._touched:
            self.thaw()
            return
        self.stop()
        shutil.rmtree(self.folder / "dc")
        shutil.copytree(self.folder / "made", self.folder / "dc")
        self._there, self._touched = set(self._made), False
        self.start()

    def freeze(self) -> None:
        """It keeps its connections and answers nothing."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGCONT)

    def load(self, ldif: str) -> None:
        """Content records, in any order, with their objectGUID; containers above them that are not there are
        made. What the server itself keeps is left out; users get no password, so none of them can sign in."""
        found = [record for record in records(ldif) if record.dn.lower() not in self._there]
        found += [record for record in parents(found, BASE) if record.dn.lower() not in self._there]
        self._ldb("ldbmodify", additions(found), "--relax")
        if links := linking(found):
            self._ldb("ldbmodify", links)
        self._there |= {record.dn.lower() for record in found}

    def modify(self, ldif: str) -> None:
        """Change records, such as `changetype: modify`; an attribute is set also when it was not there."""
        self._ldb("ldbmodify", ldif)

    def rename(self, dn: str, rdn: str) -> str:
        """Give an entry another first part, such as `CN=Nieuw`; what names it follows. Returns its name."""
        return self._move(dn, f"{rdn},{_above(dn)}")

    def move(self, dn: str, parent: str) -> str:
        """Put an entry elsewhere; returns its name."""
        return self._move(dn, f"{dn[: -len(_above(dn))]}{parent}")

    def _move(self, dn: str, to: str) -> str:
        self._touched = True
        self._run("ldbrename", f"--configfile={self.settings}", "-H", str(self.sam), dn, to)
        return to

    def delete(self, dn: str) -> None:
        self._touched = True
        self._run("ldbdel", f"--configfile={self.settings}", "-H", str(self.sam), dn)

    def tool(self, *words: str) -> str:
        """One command of samba-tool on this domain, whether it runs or not."""
        self._touched = True
        return self._run("samba-tool", *words, f"--configfile={self.settings}")

    def _ldb(self, program: str, ldif: str, *words: str) -> None:
        self._touched = True
        self._run(program, f"--configfile={self.settings}", "-H", str(self.sam), *words, ldif=ldif)

    def _run(self, *words: str, ldif: str = "") -> str:
        done = subprocess.run(
            words, env={"PATH": PATH}, input=ldif, capture_output=True, text=True, timeout=300
        )
        assert done.returncode == 0, f"{words[0]}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
        return done.stdout


def _password(password: str) -> str:
    """As one line of LDIF: in quotes, in UTF-16 (MS-ADTS 3.1.1.3.1.5)."""
    return "unicodePwd:: " + base64.b64encode(f'"{password}"'.encode("utf-16-le")).decode()


def _above(dn: str) -> str:
    """The name of the entry above."""
    cut = re.search(r"(?<!\\),", dn)
    assert cut is not None, "an entry stands below another"
    return dn[cut.end() :]
