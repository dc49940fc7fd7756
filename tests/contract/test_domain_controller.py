"""The domain controller of the tests does what the tests of the directory rely on."""

import base64
import socket
import ssl
import uuid

import ldap3
import pytest

from tests.contract.domain_controller import (
    ADMINS,
    BASE,
    DATABASES,
    GROUPS,
    PEOPLE,
    USERNAME,
    DomainController,
)

ANNA = f"CN=Anna,{PEOPLE}"
BERT = f"CN=Bert,{PEOPLE}"
GUID = uuid.UUID("6f9619ff-8b86-d011-b42d-00c04fc964ff")
BEFORE_THOSE_IT_NAMES = f"""\
version: 1

dn: {ANNA}
objectClass: top
objectClass: person
objectClass: organizationalPerson
objectClass: user
cn: Anna
distinguishedName: {ANNA}
objectGUID:: {base64.b64encode(GUID.bytes_le).decode()}
whenChanged: 20261122060000.0Z
uSNChanged: 7
objectCategory: CN=Person,CN=Schema,CN=Configuration,{BASE}
memberOf: CN=Alle,{GROUPS}
sAMAccountName: anna
userAccountControl: 512
manager: {BERT}
publicDelegates: {BERT}
homeMDB: CN=DB1,{DATABASES}
msExchRecipientTypeDetails: 2147483648
msExchLitigationHoldDate: 20260101000000.0Z

# folded, as long lines are
dn: CN=Alle,{GROUPS}
objectClass: group
sAMAccountName: alle
member: CN=An
 na,{PEOPLE}

dn: {BERT}
objectClass: user
sAMAccountName: bert

dn: CN=DB1,{DATABASES}
objectClass: top
objectClass: msExchPrivateMDB
mDBStorageQuota: 1782579
"""


def bound(dc: DomainController, **server: object) -> ldap3.Connection:
    trust = ldap3.Tls(ca_certs_file=str(server.pop("ca_file", dc.ca_file)), validate=ssl.CERT_REQUIRED)
    to = ldap3.Server(server.pop("url", dc.url), get_info=None, connect_timeout=5, tls=trust)
    how = ldap3.AUTO_BIND_TLS_BEFORE_BIND if to.port == 389 else ldap3.AUTO_BIND_NO_TLS
    return ldap3.Connection(to, dc.username, dc.password, auto_bind=how, auto_referrals=False, **server)


def entry(dc: DomainController, name: str, attribute: str) -> list[bytes]:
    with bound(dc) as connection:
        assert connection.search(name, "(objectClass=*)", ldap3.BASE, attributes=[attribute])
        values: list[bytes] = connection.response[0]["raw_attributes"][attribute]
        return values


@pytest.mark.parametrize("url", ["url", "starttls_url"])
def test_the_service_account_signs_in_over_an_encrypted_line(dc: DomainController, url: str) -> None:
    with bound(dc, url=getattr(dc, url)) as connection:
        assert connection.search(dc.base, f"(userPrincipalName={USERNAME})", attributes=["cn"])


def test_another_authority_did_not_sign_its_certificate(dc: DomainController) -> None:
    with pytest.raises(ldap3.core.exceptions.LDAPSocketOpenError, match="certificate"):
        bound(dc, ca_file=dc.other_ca_file)


def test_records_come_in_any_order_with_what_identifies_them(dc: DomainController) -> None:
    dc.load(BEFORE_THOSE_IT_NAMES)
    assert entry(dc, ANNA, "objectGUID") == [GUID.bytes_le]
    assert entry(dc, ANNA, "manager") == [BERT.encode()]
    assert entry(dc, BERT, "publicDelegatesBL") == [ANNA.encode()]
    assert entry(dc, ANNA, "memberOf") == [f"CN=Alle,{GROUPS}".encode()]
    assert entry(dc, f"CN=DB1,{DATABASES}", "mDBStorageQuota") == [b"1782579"]


def test_changes_reach_the_running_server_and_renames_keep_who_it_is(dc: DomainController) -> None:
    dc.load(BEFORE_THOSE_IT_NAMES)
    (before,) = entry(dc, ANNA, "uSNChanged")
    dc.modify(f"dn: {ANNA}\nchangetype: modify\nreplace: department\ndepartment: ICT\n")
    (after,) = entry(dc, ANNA, "uSNChanged")
    assert int(after) > int(before)
    moved = dc.move(dc.rename(ANNA, "CN=Anna Vries\\, de"), ADMINS)
    assert moved == f"CN=Anna Vries\\, de,{ADMINS}"
    assert entry(dc, moved, "objectGUID") == [GUID.bytes_le]
    assert entry(dc, BERT, "publicDelegatesBL") == [moved.encode()]
    dc.delete(moved)
    with bound(dc) as connection:
        assert not connection.search(PEOPLE, "(sAMAccountName=anna)")


def test_fresh_is_an_empty_domain_again(dc: DomainController) -> None:
    dc.load(BEFORE_THOSE_IT_NAMES)
    dc.fresh()
    with bound(dc) as connection:
        assert not connection.search(PEOPLE, "(objectClass=user)")
    dc.load(BEFORE_THOSE_IT_NAMES)
    assert entry(dc, ANNA, "objectGUID") == [GUID.bytes_le]


def test_a_frozen_server_keeps_its_connections_and_says_nothing(dc: DomainController) -> None:
    dc.freeze()
    try:
        with socket.create_connection((dc.address, 389), timeout=5) as line:
            line.settimeout(0.3)
            # an anonymous bind, which any server answers
            line.sendall(bytes.fromhex("300c020101600702010304008000"))
            with pytest.raises(TimeoutError):
                line.recv(1)
            dc.thaw()
            line.settimeout(10)
            assert line.recv(1) == b"0"
    finally:
        dc.thaw()
