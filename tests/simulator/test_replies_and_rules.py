"""Automatic replies and inbox rules as Exchange tells them."""


def test_a_scheduled_reply_comes_with_its_period_in_utc(client, asks, address):
    someone = address("reply-exact")
    got = client.ask(asks.get_reply(someone), someone)
    assert got.text_of(".//t:OofState") == "Scheduled"
    assert got.text_of(".//t:StartTime") == "2026-11-24T07:30:00Z"
    assert got.text_of(".//t:EndTime") == "2026-11-27T16:00:00Z"


def test_a_reply_that_is_simply_on_comes_with_a_period_that_means_nothing(client, asks, address):
    someone = address("reply-on")
    got = client.ask(asks.get_reply(someone), someone)
    assert got.text_of(".//t:OofState") == "Enabled"
    assert got.text_of(".//t:StartTime") == "2026-11-23T05:00:00Z"


def test_the_settings_can_be_missing_from_a_successful_answer(client, asks, address):
    someone = address("reply-missing")
    got = client.ask(asks.get_reply(someone), someone)
    assert got.codes == ["NoError"]
    assert got.all(".//t:OofSettings") == []


def test_a_reply_that_is_set_is_read_back(client, asks, address):
    someone = address("portugal")
    body = asks.set_reply(
        someone,
        "Scheduled",
        "Ik ben er even niet &amp; mijn collega wel",
        "2026-11-24T07:00:00Z",
        "2026-12-12T07:00:00Z",
    )
    assert client.ask(body, someone).codes == ["NoError"]
    got = client.ask(asks.get_reply(someone), someone)
    assert got.text_of(".//t:OofState") == "Scheduled"
    assert got.text_of(".//t:EndTime") == "2026-12-12T07:00:00Z"
    assert got.text_of(".//t:InternalReply/t:Message") == "Ik ben er even niet & mijn collega wel"


def test_a_schedule_without_a_period_or_without_zone_is_refused(client, asks, address):
    someone = address("portugal")
    refused = ["ErrorInvalidRequest"]
    assert client.ask(asks.set_reply(someone, "Scheduled", "x"), someone).codes == refused
    body = asks.set_reply(someone, "Scheduled", "x", "2026-11-24T07:00:00", "2026-12-12T07:00:00")
    assert client.ask(body, someone).codes == refused


def test_an_inbox_without_rules_has_no_list_of_rules(client, asks, address):
    someone = address("plain-over")
    got = client.ask(asks.rules(someone), someone)
    assert got.codes == ["NoError"]
    assert got.all(".//m:InboxRules") == []


def test_a_reply_rule_names_its_template_and_its_period(client, asks, address):
    someone = address("rule-in-period")
    got = client.ask(asks.rules(someone), someone)
    assert len(got.all(".//t:Actions/t:ServerReplyWithMessage")) == 1
    assert got.text_of(".//t:Conditions/t:WithinDateRange/t:EndDateTime") == "2026-11-30T07:00:00Z"


def test_a_rule_that_exchange_cannot_show_has_neither_conditions_nor_actions(client, asks, address):
    someone = address("rule-hidden")
    (rule,) = client.ask(asks.rules(someone), someone).all(".//t:Rule")
    assert rule.findtext("{*}IsNotSupported") == "true"
    assert rule.find("{*}Actions") is None and rule.find("{*}Conditions") is None


def test_rules_can_be_denied_while_the_rest_is_readable(client, asks, address):
    someone = address("rules-denied")
    assert client.ask(asks.rules(someone), someone).codes == ["ErrorAccessDenied"]
    assert client.ask(asks.get_reply(someone), someone).codes == ["NoError"]
