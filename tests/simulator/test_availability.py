"""Free/busy of many mailboxes at once, in the asker's time zone, by the rights of the service account."""

import pytest

NEW_YORK = (
    "<t:TimeZone><t:Bias>300</t:Bias>"
    "<t:StandardTime><t:Bias>0</t:Bias><t:Time>02:00:00</t:Time><t:DayOrder>1</t:DayOrder>"
    "<t:Month>11</t:Month><t:DayOfWeek>Sunday</t:DayOfWeek></t:StandardTime>"
    "<t:DaylightTime><t:Bias>-60</t:Bias><t:Time>02:00:00</t:Time><t:DayOrder>2</t:DayOrder>"
    "<t:Month>3</t:Month><t:DayOfWeek>Sunday</t:DayOfWeek></t:DaylightTime></t:TimeZone>"
)
UTC = NEW_YORK.replace("300", "0").replace("11<", "0<").replace("3</t:Month", "0</t:Month")


def away(got, index=0):
    view = got.all(".//m:FreeBusyView")[index]
    return [
        (event.findtext("{*}StartTime"), event.findtext("{*}EndTime"))
        for event in view.iterfind(".//{*}CalendarEvent")
        if event.findtext("{*}BusyType") == "OOF"
    ]


def test_times_are_local_without_offset(client, asks, address):
    got = client.ask(asks.availability(address("three-days")))
    assert away(got) == [("2026-11-24T00:00:00", "2026-11-27T00:00:00")]


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        (UTC, ("2026-11-23T23:00:00", "2026-11-26T23:00:00")),
        (NEW_YORK, ("2026-11-23T18:00:00", "2026-11-26T18:00:00")),
    ],
)
def test_the_zone_of_the_request_decides_what_local_is(client, asks, address, zone, expected):
    assert away(client.ask(asks.availability(address("three-days"), zone=zone))) == [expected]


def test_an_all_day_entry_made_elsewhere_is_shifted(client, asks, address):
    tokyo = client.ask(asks.availability(address("made-in-tokyo")))
    assert away(tokyo) == [("2026-11-23T16:00:00", "2026-11-26T16:00:00")]
    new_york = client.ask(asks.availability(address("made-in-new-york")))
    assert away(new_york) == [("2026-11-24T06:00:00", "2026-11-28T06:00:00")]


def test_weekly_entries_come_as_their_occurrences(client, asks, address):
    got = client.ask(asks.availability(address("every-friday")))
    assert [start[:10] for start, _ in away(got)] == [
        "2026-11-20",
        "2026-11-27",
        "2026-12-04",
        "2026-12-11",
        "2026-12-18",
        "2026-12-25",
    ]


def test_an_entry_keeps_its_wall_clock_over_the_change_to_winter_time(client, asks, address):
    got = client.ask(
        asks.availability(address("every-friday"), start="2026-10-19T00:00:00", end="2026-11-02T00:00:00")
    )
    assert away(got) == [
        ("2026-10-23T00:00:00", "2026-10-24T00:00:00"),
        ("2026-10-30T00:00:00", "2026-10-31T00:00:00"),
    ]


def test_a_window_with_offsets_means_the_same_moments(client, asks, address):
    window = {"start": "2026-11-16T05:00:00Z", "end": "2026-12-28T06:00:00+01:00"}
    someone = address("three-days")
    plain, aware = client.ask(asks.availability(someone)), client.ask(asks.availability(someone, **window))
    assert away(plain) == away(aware)


def test_entries_outside_the_window_do_not_come(client, asks, address):
    got = client.ask(
        asks.availability(address("three-days"), start="2026-11-16T00:00:00", end="2026-11-24T00:00:00")
    )
    assert away(got) == []


def test_every_mailbox_answers_for_itself(client, asks, address):
    got = client.ask(
        asks.availability(
            address("three-days"),
            address("free-busy-hidden"),
            "niemand@voorbeeld.example",
            address("in-cloud"),
            address("moving"),
            address("denied-and-away"),
        )
    )
    assert got.codes == [
        "NoError",
        "ErrorNoFreeBusyAccess",
        "ErrorMailRecipientNotFound",
        "ErrorProxyRequestProcessingFailed",
        "ErrorFreeBusyGenerationFailed",
        "NoError",
    ]
    assert away(got, index=1), "who may not be impersonated still shows free/busy"


def test_a_hundred_mailboxes_are_answered_in_order_and_more_are_refused(client, asks, town):
    everybody = list(town.mailboxes)
    got = client.ask(asks.availability(*everybody[:100]))
    assert len(got.codes) == 100
    refused = client.ask(asks.availability(*everybody[:101]))
    assert (refused.status, refused.fault) == (500, "ErrorMailboxDataArrayTooBig")


def test_forty_two_days_are_the_most(client, asks, address):
    someone = address("three-days")
    assert client.ask(asks.availability(someone, end="2026-12-28T06:00:00")).status == 200
    got = client.ask(asks.availability(someone, end="2026-12-28T06:00:01"))
    assert (got.status, got.fault) == (500, "ErrorTimeIntervalTooBig")


def test_a_window_that_ends_before_it_starts_is_refused(client, asks, address):
    got = client.ask(asks.availability(address("three-days"), end="2026-11-01T00:00:00"))
    assert got.fault == "ErrorInvalidTimeInterval"


def test_working_hours_come_with_their_own_zone_and_in_periods(client, asks, town, address):
    someone = address("roster-in-outlook")
    (hours,) = client.ask(asks.availability(someone)).all(".//t:WorkingHours")
    assert hours.findtext("{*}TimeZone/{*}Bias") == "-60"
    (period,) = hours.findall(".//{*}WorkingPeriod")
    assert [child.text for child in period] == ["Monday Tuesday Wednesday Thursday", "540", "1050"]


def test_different_days_make_different_periods(client, asks, town):
    crowd = [a for a, m in town.mailboxes.items() if m.hours and len(set(m.hours.days.values())) > 1]
    periods = client.ask(asks.availability(crowd[0])).all(".//t:WorkingPeriod")
    assert len(periods) > 1


def test_nobody_knows_when_somebody_works_who_never_set_hours(client, asks, address):
    got = client.ask(asks.availability(address("roster-nowhere")))
    assert got.codes == ["NoError"]
    assert got.all(".//t:WorkingHours") == []


def test_merged_views_hold_one_digit_per_slot(client, asks, address):
    got = client.ask(
        asks.availability(
            address("three-days"),
            start="2026-11-23T00:00:00",
            end="2026-11-28T00:00:00",
            view="MergedOnly",
            interval=1440,
        )
    )
    merged = got.text_of(".//t:MergedFreeBusy")
    assert len(merged) == 5
    assert merged[1:4] == "333"
    assert merged[4] != "3"
    assert got.all(".//t:CalendarEventArray") == []


def test_a_detailed_view_is_granted_as_plain_free_busy(client, asks, address, town):
    got = client.ask(asks.availability(address("private-entry"), view="Detailed"))
    assert got.text_of(".//t:FreeBusyViewType") == "FreeBusy"
    assert not any(canary in got.text for canary in town.canaries())


def test_a_view_without_any_mailbox_is_refused(client, asks):
    assert client.ask(asks.availability()).fault == "ErrorMailboxDataArrayEmpty"
