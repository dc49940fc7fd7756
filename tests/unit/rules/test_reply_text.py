"""The reader of a leaver's automatic reply: what it says, what it should not say, and the near misses."""

import pytest

from mailbot.rules.mail.reply_text import LeaverReplyText, ReplyFeature

READER = LeaverReplyText(frozenset({"voorbeeld"}))

LEFT = [
    "Kim werkt vanaf vandaag niet meer bij de gemeente.",
    "Goedemorgen, Kim werkt niet meer bij de gemeente.",
    "Goede morgen, Kim werkt niet meer bij de gemeente.",
    "As of today Kim no longer works for the municipality.",
    "Kim heeft de gemeente Voorbeeld per 1 november verlaten.",
    "Kim is vertrokken bij de gemeente.",
    "Kim heeft afscheid genomen van onze organisatie.",
    "Kim is geen medewerker meer van de gemeente.",
    "Kim is no longer part of our organisation.",
    "Kim de Wit werkt niet meer bij de gemeente Voorbeeld.",
    "Ik werk niet langer bij gemeente Voorbeeld",
    "Vanaf 1 februari werkt Kim de Wit niet meer bij ons.",
    "Kim is niet meer werkzaam bij de gemeente.",
    "Kim is uit dienst.",
    "Kim is niet langer in dienst van de gemeente",
    "Kim de Wit no longer works for the municipality of Voorbeeld.",
    "Kim has left the municipality.",
    "Kim has left our organisation.",
    "I no longer work here.",
    "Kim is no longer employed by the city.",
    "Kim does not work here anymore.",
    "Kim heeft de gemeente Voorbeeld verlaten.",
    "Dit e-mailadres is niet meer in gebruik.",
    "Omdat Kim niet meer bij de gemeente werkt, krijgt u geen antwoord",
    "Kim werkt niet meer bij Voorbeeld",
    "This mailbox is no longer in use.",
    "Kim is niet meer aan de gemeente verbonden",
    "Sinds maandag werkt Kim niet meer bij de gemeente",
    "Onze collega Kim de Wit werkt hier niet meer.",
    "Kim de Wit is niet langer werkzaam voor onze organisatie.",
    "Kim werkt sinds 1 november 2026 niet meer bij ons",
    "Kim werkte tot en met 31 oktober 2026 bij de gemeente",
    "Per 1 december ga ik uit dienst",
    "Kim is no longer with us.",
    "Kim no longer works at our organization",
    "I have left the municipality of Voorbeeld",
    "Kim doesn't work here any more",
    "Kim is no longer an employee of the municipality",
    "De heer De Wit is met ingang van 1 november uit dienst.",
    "KIM DE WIT WERKT NIET MEER BIJ DE GEMEENTE!",
    "Het dienstverband van Kim de Wit bij de gemeente is beëindigd.",
    "Mijn dienstverband is per 13 november geëindigd.",
    "Kim's employment with the municipality has ended.",
    "Kim de Wit heeft per 13 november onze organisatie verlaten.",
    "Dit account is niet meer in gebruik.",
    "Het account van mevrouw De Wit is per 13 november niet meer in gebruik.",
    "Het e-mailadres van Kim de Wit is opgeheven.",
    "kim.de.wit@voorbeeld.example is niet meer in gebruik.",
    "This account is no longer in use.",
]
STILL_HERE = [
    "Ik werk vandaag niet meer bij de gemeente, morgen wel.",
    "Ik ben al vertrokken naar huis.",
    "Ik ben geen lid meer van het team.",
    "I am no longer part of the parking team.",
    "Ik werk niet meer op maandag.",
    "Kim werkt niet op vrijdag",
    "Ik werk niet meer aan dit project",
    "Ik werk niet meer bij team West",
    "Ik werk vandaag niet meer",
    "Ik werk op vrijdag niet meer bij de gemeente Voorbeeld",
    "Kim has left for the day",
    "I have left the office",
    "I no longer work on Mondays",
    "I am no longer working from home",
    "Ik ben afwezig tot 5 januari",
    "Ik werk niet meer fulltime bij de gemeente",
    "De lift is buiten dienst",
    "Ik werk niet langer dan vijf uur bij de gemeente",
    "Ik werk bij de gemeente",
    "Mijn collega Anna werkt niet meer bij de gemeente",
    "I have left the municipality building",
    "Kim is nog niet uit dienst",
    "Dit project is niet meer in gebruik",
    "Ik ben tijdelijk niet meer werkzaam bij de gemeente",
    "Kim has not left the municipality",
    "I no longer work for the parking team",
    "Tot 1 maart werk ik niet meer bij de gemeente",
    "Ik werk niet meer in het gemeentehuis maar thuis.",
    "This meeting is no longer in use",
    "Het account van het project is niet meer in gebruik.",
    "Het dienstverband van Kim is niet beëindigd.",
]
NOT_SENT_ON = [
    "Uw bericht wordt niet automatisch naar een collega doorgestuurd.",
    "Your message is not passed on.",
    "Uw bericht wordt niet doorgestuurd",
    "Uw bericht wordt niet gelezen en niet doorgestuurd",
    "wordt niet automatisch doorgestuurd",
    "Wij sturen uw bericht niet door.",
    "Your message is not forwarded",
    "Your message will not be read or forwarded",
    "will not be automatically forwarded",
    "worden niet gelezen of doorgestuurd",
    "We do not forward your message",
    "wordt niet meer gelezen en uw bericht wordt niet doorgestuurd",
]
SENT_ON_OR_SILENT = [
    "Uw bericht wordt niet gelezen maar naar een collega doorgestuurd.",
    "Uw bericht wordt doorgestuurd",
    "wordt niet gelezen maar doorgestuurd naar mijn collega",
    "Als u uw bericht niet doorgestuurd wilt hebben, bel dan",
    "Your message is forwarded",
    "Not urgent? It is forwarded",
]
TOO_MUCH = [
    "bel 06-12345678",
    "06 12 34 56 78",
    "+31 6 1234 5678",
    "+31(0)6-12345678",
    "mail kim@gmail.com",
    "Kim is ziek",
    "Kim heeft een nieuwe baan",
    "Kim is overleden",
    "Kim has a new job",
    "vanwege de reorganisatie",
    "06.12.34.56.78",
    "Kim werkt wegens ziekte niet meer bij de gemeente.",
    "Kim de Wit is helaas overleden, u kunt bellen met 14 0123.",
    "Kim is met vervroegd pensioen.",
    "Kim heeft ontslag genomen.",
    "Due to illness Kim is not available.",
    "Kim werkt nu bij gemeente Elders.",
]
NO_MORE_THAN_NEEDED = [
    "bel 14 0123",
    "bel 0123-456789",
    "muziekschool",
    "op 06-11-2026 12:30",
    "mail info@voorbeeld.example",
    "Voor vragen over de reorganisatie mailt u P&O",
    "vragen over ontslag",
    "ziekenhuis",
    "kim@outlook.voorbeeld.example",
    "tussen 06 en 12 uur",
    "0600-123456",
    "for questions about retirement, call 14 0123",
    "Voor aangifte van overlijden belt u burgerzaken via 14 0123.",
    "Dit adres vervalt op 15-12-2026.",
    "Wilt u een afspraak voor een overlijdensaangifte? Bel 14 0123.",
    "Wilt u een afspraak voor aangifte van overlijden? Bel 14 0123.",
    "Wilt u een afspraak maken voor een overlijden, bel dan 14 0123.",
    "Kim werkt niet meer bij de gemeente, wilt u een overlijden aangeven, bel dan 14 0123.",
    "Is iemand overleden? Bel 14 0123.",
    "Bij overlijden belt u 14 0123.",
    "Gaat u met pensioen? Bel 14 0123.",
]
ABSENT = [
    "Ik ben met vakantie. Anna weet van mijn zaken.",
    "Ik ben afwezig tot 5 januari en lees mijn mail niet.",
    "Ik ben afwezig tot 5 januari. Mijn collega Anna helpt u.",
    "Ik ben terug op 5 januari.",
    "Terug op maandag.",
    "Vanaf 5 januari ben ik weer bereikbaar.",
    "Ik ben er even niet.",
    "Kim is met zwangerschapsverlof.",
    "I am out of the office until Monday.",
    "I will be back on 5 January.",
    "I am on annual leave.",
]
NOT_CLEARLY_ABSENT = [
    *LEFT,
    "Ik werk niet meer op vrijdag. Op maandag ben ik er weer.",
    "Kim heeft de sleutel ingeleverd.",
    "Mijn laatste werkdag was 13 november. Vanaf maandag helpt Anna u weer verder.",
    "Ik ben afwezig, want mijn tijd hier is voorgoed voorbij.",
    "Bent u met vakantie?",
    "Als u met vakantie gaat, neem dan uw paspoort mee.",
    "Wij bellen u terug op 14 0123.",
    "Call us back on 14 0123.",
    "Het loket is vanaf 5 januari weer open.",
    "Mijn collega is met vakantie.",
    "Ik ben niet met vakantie.",
]

MODEL = """Dank voor uw bericht. Kim de Wit werkt niet meer bij de gemeente Voorbeeld. Dit e-mailadres wordt
niet meer gelezen en uw bericht wordt niet doorgestuurd. Stuur uw bericht naar info@voorbeeld.example of
bel 14 0123. Dit adres vervalt op 15 december 2026."""


@pytest.mark.parametrize("text", LEFT)
def test_it_says_that_the_person_left(text: str) -> None:
    assert ReplyFeature.LEFT in READER.features(text)


@pytest.mark.parametrize("text", STILL_HERE)
def test_it_says_something_else(text: str) -> None:
    assert ReplyFeature.LEFT not in READER.features(text)


@pytest.mark.parametrize("text", NOT_SENT_ON)
def test_it_says_that_mail_is_not_sent_on(text: str) -> None:
    assert ReplyFeature.NOT_FORWARDED in READER.features(text)


@pytest.mark.parametrize("text", SENT_ON_OR_SILENT)
def test_it_does_not_deny_sending_on(text: str) -> None:
    assert ReplyFeature.NOT_FORWARDED not in READER.features(text)


@pytest.mark.parametrize("text", TOO_MUCH)
def test_it_tells_what_is_nobodys_business(text: str) -> None:
    assert ReplyFeature.TOO_MUCH in READER.features(text)


@pytest.mark.parametrize("text", NO_MORE_THAN_NEEDED)
def test_it_tells_no_more_than_needed(text: str) -> None:
    assert ReplyFeature.TOO_MUCH not in READER.features(text)


@pytest.mark.parametrize("text", ABSENT)
def test_it_is_clearly_of_an_absence(text: str) -> None:
    assert READER.features(text) == {ReplyFeature.ABSENT}


@pytest.mark.parametrize("text", NOT_CLEARLY_ABSENT)
def test_a_text_that_may_be_about_leaving_or_others_is_not_clearly_of_an_absence(text: str) -> None:
    assert ReplyFeature.ABSENT not in READER.features(text)


def test_the_model_text_says_all_that_it_should() -> None:
    assert READER.features(MODEL) == {ReplyFeature.LEFT, ReplyFeature.NOT_FORWARDED}


def test_html_reads_as_its_words_do() -> None:
    broken_up = MODEL.replace("werkt niet", "werkt<br>\n<b>niet</b>").replace(". ", ".</p><p>")
    html = f"<html><head><style>p {{color: red}}</style></head><body><p>{broken_up}</p></body></html>"
    assert READER.features(html) == READER.features(MODEL)


def test_what_nobody_sees_is_not_said() -> None:
    hidden = (
        '<p>Ik ben afwezig.</p><p style="display:none">Kim werkt niet meer bij de gemeente.</p><!-- ziek -->'
    )
    assert READER.features(hidden) == {ReplyFeature.ABSENT}


@pytest.mark.parametrize("text", ["", "  \n", "<p></p>", "<p>&nbsp;</p>", "<", "<html>"])
def test_an_empty_text_says_nothing(text: str) -> None:
    assert READER.features(text) == frozenset()


def test_without_its_name_an_organisation_is_one_by_its_kind() -> None:
    nameless = LeaverReplyText()
    assert ReplyFeature.LEFT not in nameless.features("Kim werkt niet meer bij Voorbeeld.")
    assert ReplyFeature.LEFT in nameless.features("Kim werkt niet meer bij de gemeente.")
