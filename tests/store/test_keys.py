"""The key file, and that nothing derived from the key for one purpose fits another."""

import os
from pathlib import Path

import pytest

from mailbot.model.errors import KeyRefused
from mailbot.model.ids import ObjectGuid, PersonKey
from mailbot.store.keys import Keys, create_key_file, read_key_file

GUID = ObjectGuid("6f9619ff-8b86-4d01-b42d-00c04fc964ff")
KEYS = Keys(bytes(range(32)))
OTHER = Keys(bytes(range(1, 33)))


def test_a_new_key_file_is_private_and_reads_back(tmp_path: Path) -> None:
    path = tmp_path / "mailbot.key"
    key = create_key_file(path)
    assert len(key) == 32
    assert path.stat().st_mode & 0o777 == 0o600
    assert read_key_file(path) == key


def test_two_keys_differ(tmp_path: Path) -> None:
    assert create_key_file(tmp_path / "a") != create_key_file(tmp_path / "b")


def test_a_key_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "mailbot.key"
    key = create_key_file(path)
    with pytest.raises(KeyRefused, match="never overwritten"):
        create_key_file(path)
    assert read_key_file(path) == key


def test_a_key_needs_a_folder(tmp_path: Path) -> None:
    with pytest.raises(KeyRefused, match="cannot be made"):
        create_key_file(tmp_path / "nowhere" / "mailbot.key")


def test_a_missing_key_file_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(KeyRefused, match=r"backup.*mailbot init"):
        read_key_file(tmp_path / "mailbot.key")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_key_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "mailbot.key"
    create_key_file(path)
    path.chmod(mode)
    with pytest.raises(KeyRefused, match="chmod 600"):
        read_key_file(path)


def test_a_systemd_credential_shows_its_access_list_as_group_access(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "mailbot.key"
    key = create_key_file(path)
    path.chmod(0o440)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert read_key_file(path) == key


@pytest.mark.parametrize("text", ["", "ab" * 31, "ab" * 33, "zz" * 32, "ab " * 32, "é" * 32])
def test_a_file_that_holds_no_key_is_refused_without_being_shown(tmp_path: Path, text: str) -> None:
    path = tmp_path / "mailbot.key"
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)
    with pytest.raises(KeyRefused) as refusal:
        read_key_file(path)
    assert not text or text not in str(refusal.value)


def test_a_folder_is_no_key_file(tmp_path: Path) -> None:
    with pytest.raises(KeyRefused, match="cannot be read"):
        read_key_file(tmp_path)


def test_a_short_key_is_refused() -> None:
    with pytest.raises(KeyRefused, match="32 bytes"):
        Keys(os.urandom(16))


def test_derived_names_are_stable() -> None:
    """Worked out by hand from the definition: HMAC-SHA256(key, label ":" value)."""
    import hashlib
    import hmac

    person = hmac.new(bytes(range(32)), b"person:" + GUID.encode(), hashlib.sha256).hexdigest()
    letter = hmac.new(bytes(range(32)), b"letter:finding 7, first nudge", hashlib.sha256).hexdigest()
    assert KEYS.person_key(GUID) == person
    assert KEYS.letter_id("finding 7, first nudge") == letter[:32]


def test_every_purpose_and_every_key_gives_another_name() -> None:
    person = KEYS.person_key(GUID)
    names = {
        person,
        KEYS.letter_id(GUID),
        KEYS.exclusion_tag(person),
        KEYS.check(),
        KEYS.audit_mac(GUID),
        OTHER.person_key(GUID),
        OTHER.exclusion_tag(person),
        OTHER.check(),
    }
    assert len(names) == 8


def test_a_sealed_guid_opens_with_its_own_key_only() -> None:
    sealed = KEYS.seal(GUID)
    assert KEYS.unseal(sealed) == GUID
    assert GUID.encode() not in sealed
    assert KEYS.seal(GUID) != sealed, "equal people must not show as equal rows"
    with pytest.raises(KeyRefused):
        OTHER.unseal(sealed)
    with pytest.raises(KeyRefused):
        KEYS.unseal(sealed[:-1] + bytes([sealed[-1] ^ 1]))


def test_keys_show_nothing_of_themselves() -> None:
    assert KEYS.person_key(GUID) not in repr(KEYS)
    assert bytes(range(32)).hex() not in repr(vars(type(KEYS)))
    assert PersonKey(KEYS.person_key(GUID)) == KEYS.person_key(ObjectGuid(str(GUID)))
