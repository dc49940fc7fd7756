"""Settings of a mailbox: the signature of Outlook on the web, a leaver's reply, rules that send mail on."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from mailbot.model.facts import Reason
from mailbot.model.mailbox import Audience, ForwardRules, LeaverReply, ReplyState, SignatureSetting
from mailbot.model.needs import ForwardingRules, MailboxSize, Need, ReplyOfLeaver, SignatureSettings
from mailbot.ports import Exchange
from mailbot.simulator import SimulatorServer
from mailbot.simulator.mailboxes import InboxRule, Mailbox, Trouble
from mailbot.simulator.soap import SoapFault
from mailbot.simulator.stories import enabled
from tests.contract.canned import Canned, can, messages, refusal
from tests.contract.conftest import OpenRoad
from tests.contract.roads import SIZE, asked, one, read, values

FORWARDING = ForwardingRules()


@dataclass
class Ears:
    """A redactor that remembers what it saw: tests may look, nobody else can."""

    heard: list[str] = field(default_factory=list)

    def features(self, text: str) -> frozenset[str]:
        self.heard.append(text)
        return frozenset({"phone"} if "14 0" in text else ())


class Broken:
    def features(self, text: str) -> frozenset[str]:
        raise ValueError(text)


Cans = Callable[..., Canned]


@pytest.fixture
def cans(server: SimulatorServer, valid: Callable[[Any], None]) -> Cans:
    return lambda **replies: can(server, replies, valid)


def options(**entries: str) -> str:
    rows = "".join(
        f"<t:DictionaryEntry><t:DictionaryKey><t:Type>String</t:Type><t:Value>{key}</t:Value></t:DictionaryKey>"
        f"<t:DictionaryValue><t:Type>{'Boolean' if key.startswith('auto') else 'String'}</t:Type>"
        f"<t:Value>{value}</t:Value></t:DictionaryValue></t:DictionaryEntry>"
        for key, value in entries.items()
    )
    return configuration(f"<t:Dictionary>{rows}</t:Dictionary>")


def configuration(content: str) -> str:
    name = '<t:UserConfigurationName Name="OWA.UserOptions"><t:FolderId Id="root"/></t:UserConfigurationName>'
    return messages("GetUserConfiguration", f"<m:UserConfiguration>{name}{content}</m:UserConfiguration>")


class TestSignature:
    @pytest.mark.parametrize("word", ["true", "True", "1"])
    def test_one_that_is_added_by_itself(
        self, road: Exchange, cans: Cans, somebody: Mailbox, word: str
    ) -> None:
        ears = Ears()
        html = "&lt;p&gt;Anna, bel 14 035&lt;/p&gt;"
        cans(
            GetUserConfiguration=options(
                autoaddsignature=word, signaturehtml=html, signaturetext="Anna", timezone="KANARIE"
            )
        )
        setting = one(road, somebody, SignatureSettings(ears))
        assert setting == SignatureSetting(True, True, frozenset({"phone"}))
        assert ears.heard == ["<p>Anna, bel 14 035</p>"]

    def test_text_alone_will_do(self, road: Exchange, cans: Cans, somebody: Mailbox) -> None:
        cans(GetUserConfiguration=options(autoaddsignature="false", signaturetext=" Anna, 14 035 "))
        setting = one(road, somebody, SignatureSettings(Ears()))
        assert setting == SignatureSetting(False, True, frozenset({"phone"}))

    @pytest.mark.parametrize("html", ["", " ", "&lt;div&gt;&lt;br&gt;&amp;nbsp;&lt;/div&gt;"])
    def test_nothing_to_see_is_no_signature(
        self, road: Exchange, cans: Cans, somebody: Mailbox, html: str
    ) -> None:
        cans(GetUserConfiguration=options(autoaddsignature="true", signaturehtml=html))
        assert one(road, somebody, SignatureSettings(Ears())) == SignatureSetting(True, False)

    def test_what_was_never_set_is_off(self, road: Exchange, cans: Cans, somebody: Mailbox) -> None:
        cans(GetUserConfiguration=options(timezone="x"))
        assert one(road, somebody, SignatureSettings(Ears())) == SignatureSetting(False, False)

    def test_a_mailbox_without_the_object_has_no_signature(
        self, road: Exchange, cans: Cans, somebody: Mailbox
    ) -> None:
        cans(GetUserConfiguration=refusal("GetUserConfiguration", "ErrorItemNotFound"))
        assert one(road, somebody, SignatureSettings(Ears())) == SignatureSetting(False, False)

    @pytest.mark.parametrize(
        ("said", "why"),
        [
            (refusal("GetUserConfiguration", "ErrorAccessDenied"), Reason.ACCESS_DENIED),
            (refusal("GetUserConfiguration", "ErrorFolderNotFound"), Reason.VALUE_MISSING),
            (configuration(""), Reason.VALUE_MISSING),
            (messages("GetUserConfiguration", ""), Reason.ANSWER_BROKEN),
            (options(autoaddsignature="soms"), Reason.ANSWER_BROKEN),
        ],
    )
    def test_what_cannot_be_read_is_unknown(
        self, road: Exchange, cans: Cans, somebody: Mailbox, said: str, why: Reason
    ) -> None:
        cans(GetUserConfiguration=said)
        assert one(road, somebody, SignatureSettings(Ears())) is why

    def test_a_fault_of_the_redactor_says_nothing_and_spoils_no_other_fact(
        self,
        road: Exchange,
        cans: Cans,
        somebody: Mailbox,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        cans(GetUserConfiguration=options(signaturetext="KANARIE-TEKST"))
        with caplog.at_level(logging.DEBUG):
            facts = read(road, [somebody], [SignatureSettings(Broken()), SIZE])[somebody.guid]
        found = values(facts)
        assert found["signature settings"] is Reason.RULE_FAILED
        assert not isinstance(found["mailbox size"], Reason)
        assert "KANARIE" not in caplog.text + repr(facts)

    def test_the_dictionary_of_the_root_folder_is_all_that_is_asked(
        self, road: Exchange, cans: Cans, somebody: Mailbox
    ) -> None:
        canned = cans(GetUserConfiguration=options())
        one(road, somebody, SignatureSettings(Ears()))
        (request,) = canned.asked("GetUserConfiguration")
        assert request.findtext("{*}UserConfigurationProperties") == "Dictionary"
        (name,) = request.iter("{*}UserConfigurationName")
        assert name.get("Name") == "OWA.UserOptions"
        assert [folder.get("Id") for folder in name] == ["root"]


REPLY_OPERATION = "GetUserOofSettings"


class TestReplyOfALeaver:
    def test_the_setting_with_the_features_of_both_texts(self, road: Exchange, somebody: Mailbox) -> None:
        ears = Ears()
        somebody.reply = enabled(internal="Bel 14 035", external="Weg")
        reply = one(road, somebody, ReplyOfLeaver(ears))
        assert reply.setting.state is ReplyState.ENABLED
        assert reply.setting.audience is Audience.ALL
        assert (reply.inside, reply.outside) == (frozenset({"phone"}), frozenset())
        assert len(ears.heard) == 2
        assert "14 035" not in repr(reply)

    def test_empty_texts_are_not_shown_to_the_redactor(self, road: Exchange, somebody: Mailbox) -> None:
        ears = Ears()
        somebody.reply = enabled(internal="<p>&nbsp;</p>", external="")
        reply = one(road, somebody, ReplyOfLeaver(ears))
        assert isinstance(reply, LeaverReply)
        assert not (reply.setting.internal_text or reply.setting.external_text)
        assert ears.heard == []

    def test_a_fault_of_the_redactor_is_told_without_the_text(
        self, road: Exchange, somebody: Mailbox
    ) -> None:
        somebody.reply = enabled()
        assert one(road, somebody, ReplyOfLeaver(Broken())) is Reason.RULE_FAILED


LEAVERS = [(ReplyOfLeaver(Ears()), REPLY_OPERATION), (FORWARDING, "GetInboxRules")]


class TestAClosedAccount:
    """Nobody can be impersonated whose account is closed; the service account may have full access."""

    @pytest.mark.parametrize(("need", "operation"), LEAVERS)
    @pytest.mark.parametrize("code", ["ErrorAccountDisabled", "ErrorImpersonateUserDenied"])
    def test_it_is_read_once_more_in_our_own_name(
        self, road: Exchange, cans: Cans, somebody: Mailbox, need: Any, operation: str, code: str
    ) -> None:
        good = {
            REPLY_OPERATION: '<m:GetUserOofSettingsResponse><m:ResponseMessage ResponseClass="Success">'
            "<m:ResponseCode>NoError</m:ResponseCode></m:ResponseMessage><t:OofSettings>"
            "<t:OofState>Disabled</t:OofState><t:ExternalAudience>None</t:ExternalAudience>"
            "</t:OofSettings></m:GetUserOofSettingsResponse>",
            "GetInboxRules": '<m:GetInboxRulesResponse ResponseClass="Success"><m:ResponseCode>NoError'
            "</m:ResponseCode></m:GetInboxRulesResponse>",
        }[operation]
        said = iter([SoapFault(code), good])
        canned = cans(**{operation: lambda _request: next(said)})
        assert not isinstance(one(road, somebody, need), Reason)
        assert canned.impersonated == [somebody.address, None]
        named = [somebody.address in "".join(map(str, request.itertext())) for _, request in canned.requests]
        assert named == [True, True]

    @pytest.mark.parametrize(("need", "operation"), LEAVERS)
    def test_without_full_access_the_first_trouble_is_told(
        self, road: Exchange, server: SimulatorServer, somebody: Mailbox, need: Any, operation: str
    ) -> None:
        somebody.trouble = Trouble.DISABLED
        assert one(road, somebody, need) is Reason.MAILBOX_DISABLED
        assert len(asked(server, operation)) == 2

    def test_trouble_that_passes_is_tried_again_and_told(
        self, road: Exchange, cans: Cans, somebody: Mailbox
    ) -> None:
        def said(request: Any) -> Any:
            return SoapFault("ErrorAccountDisabled" if canned.impersonated[-1] else "ErrorADUnavailable")

        canned = cans(GetInboxRules=said)
        assert one(road, somebody, FORWARDING) is Reason.SERVER_FAILED
        assert canned.impersonated == [somebody.address, None] * 3

    @pytest.mark.parametrize(("need", "operation"), LEAVERS)
    def test_full_access_is_not_tried_twice(
        self, open_road: OpenRoad, server: SimulatorServer, somebody: Mailbox, need: Any, operation: str
    ) -> None:
        road = open_road(impersonate=False)
        assert one(road, somebody, need) is Reason.ACCESS_DENIED
        assert len(asked(server, operation)) == 1

    def test_other_questions_come_first_and_do_not_close_the_door(
        self, road: Exchange, server: SimulatorServer, somebody: Mailbox
    ) -> None:
        """The size shows that the account is closed; of the rest only the leaver's needs are tried."""
        somebody.trouble = Trouble.DISABLED
        needs: list[Need[Any]] = [MailboxSize(), SignatureSettings(Ears()), FORWARDING]
        facts = read(road, [somebody], needs)
        assert set(values(facts[somebody.guid]).values()) == {Reason.MAILBOX_DISABLED}
        assert len(asked(server, "FindFolder")) == 1
        assert len(asked(server, "GetInboxRules")) == 2
        assert not asked(server, "GetUserConfiguration")

    @pytest.mark.parametrize("trouble", [Trouble.ELSEWHERE, Trouble.MOVING])
    def test_a_mailbox_that_is_not_here_is_not_asked_for_in_our_name(
        self, road: Exchange, server: SimulatorServer, somebody: Mailbox, trouble: Trouble
    ) -> None:
        somebody.trouble = trouble
        assert one(road, somebody, FORWARDING) in (Reason.MAILBOX_MISSING, Reason.MAILBOX_MOVED)
        assert len(asked(server, "GetInboxRules")) == 1


def rule(actions: str, *, enabled: bool = True, shown: bool = True, failed: bool = False) -> str:
    flags = f"<t:IsEnabled>{str(enabled).lower()}</t:IsEnabled>"
    flags += "" if shown else "<t:IsNotSupported>true</t:IsNotSupported>"
    flags += "<t:IsInError>true</t:IsInError>" if failed else ""
    told = f"<t:Actions>{actions}</t:Actions>" if actions else ""
    return (
        f"<t:Rule><t:RuleId>1</t:RuleId><t:DisplayName>KANARIE</t:DisplayName><t:Priority>1</t:Priority>"
        f"{flags}{told}</t:Rule>"
    )


def rules(*each: str) -> str:
    return (
        '<m:GetInboxRulesResponse ResponseClass="Success"><m:ResponseCode>NoError</m:ResponseCode>'
        f"<m:InboxRules>{''.join(each)}</m:InboxRules></m:GetInboxRulesResponse>"
    )


def to(kind: str) -> str:
    return (
        f"<t:{kind}><t:Address><t:EmailAddress>thuis@elders.example</t:EmailAddress></t:Address></t:{kind}>"
    )


class TestForwarding:
    @pytest.mark.parametrize(
        "action", ["ForwardToRecipients", "ForwardAsAttachmentToRecipients", "RedirectToRecipients"]
    )
    def test_every_way_of_sending_on_counts_once_a_rule(
        self, road: Exchange, cans: Cans, somebody: Mailbox, action: str
    ) -> None:
        copying = "<t:CopyToFolder><t:DistinguishedFolderId Id='inbox'/></t:CopyToFolder>"
        cans(GetInboxRules=rules(rule(copying), rule(copying + to(action) + to("ForwardToRecipients"))))
        assert one(road, somebody, FORWARDING) == ForwardRules(1, 0)

    def test_rules_that_are_off_or_broken_do_nothing(
        self, road: Exchange, cans: Cans, somebody: Mailbox
    ) -> None:
        on = to("RedirectToRecipients")
        cans(GetInboxRules=rules(rule(on, enabled=False), rule(on, failed=True), rule(on)))
        assert one(road, somebody, FORWARDING) == ForwardRules(1, 0)

    def test_rules_that_are_not_shown_are_counted(
        self, road: Exchange, cans: Cans, somebody: Mailbox
    ) -> None:
        cans(GetInboxRules=rules(rule("", shown=False), rule(""), rule("", shown=False, enabled=False)))
        assert one(road, somebody, FORWARDING) == ForwardRules(0, 2)

    def test_of_the_simulators_mailbox(self, road: Exchange, somebody: Mailbox) -> None:
        somebody.rules = [
            InboxRule("KANARIE", forwards_to="thuis@elders.example"),
            InboxRule("KANARIE", replies=True),
            InboxRule("KANARIE", supported=False),
        ]
        found = one(road, somebody, FORWARDING)
        assert found == ForwardRules(1, 1)
        assert "KANARIE" not in repr(found)
