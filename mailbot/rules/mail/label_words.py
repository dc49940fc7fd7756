"""Words around confidentiality labels, in lower case and without accents: what labels are, and what makes a
word none. From practice of Dutch municipalities.

One word more in the lists from HANDS_OFF on means fewer findings, never more; except in DOCUMENTS, ON and
FORBIDDEN, which tell that a word is a label after all.
"""

CONFIDENTIAL_FORMS = ("vertrouwelijk", "vertrouwelijke", "vetrouwelijk", "vetrouwelijke")
"""The label and its inflection; `vetrouwelijk` is the one common misspelling that does not begin with ver."""

CONFIDENTIAL_LOANS = ("confidentieel", "confidentiele", "confidential")

SHORT = "vertr"
"""`vertr.` may also be a departure (vertrek) or trust (vertrouwen): by itself it is a label only when it is
set apart and a document is named, and never beside a number or a journey."""

FRAGMENTS = (
    *("trouweli", "touweli", "trouwelj", "trouwlij", "trouwlei", "touwlij"),  # spellings seen in practice
    *("rtrouwel", "rrouwe", "rtroue", "rtroou", "rtrouu", "ertrow"),  # other slips of one finger
    *("vertru", "vertoru", "trouww", "rouwei", "rouwee", "rouwek"),
    *("confidenti", "vertr.", "vertr:", "vertr]", "vertr)", "dep.v", "dep. v"),
    *("v e r t r", "v.e.r.t.r", "v-e-r-t-r"),
)
"""What the server searches for the family of `vertrouwelijk`. Chosen so that hardly any other Dutch word has
one of them: `vertrou` would bring up every subject about trust."""

HANDS_OFF = (
    *("persoonlijk", "prive", "privé", "privee", "privée", "private", "personal", "p.v.", "besloten"),
    *("eyes only", "geheim", "medisch", "bedrijfsarts", "or", "ondernemingsraad", "vakbond"),
    *("vertrouwenspersoon", "klacht", "integriteit"),
)
"""Words that put a subject out of reach, whatever else it says."""


def _words(*lines: str) -> frozenset[str]:
    return frozenset(word for line in lines for word in line.split())


LEAD = _words("str strikt strict strictly zeer hoogst uiterst dep departementaal")
"""Belong to the label that they stand before."""

NEGATIONS = _words(
    "niet geen non on ont not no zonder nooit noch", "was voorheen vroeger eerder opgeheven openbaar"
)
"""Within two words before a label: it is none."""

ENDED = _words("opgeheven vervallen ingetrokken nee nvt")
"""Within three words after a label: it is none, or none any more."""

DISPOSAL = _words("papier papierbak afval afvalbak archiefvernietiging container")
"""Straight after it: the blue bin in the corridor, for "vertrouwelijk papier"."""

TOPIC = _words(
    "cursus training trainingen workshop webinar",
    "elearning learning beleid beleidsregel beleidsregels omgaan",
    "protocol procedure richtlijn richtlijnen handreiking",
    "werkinstructie instructie handleiding uitleg tips",
    "nieuwsbrief bewustwording voorlichting presentatie artikel",
    "blog vacature awareness campagne spelregels",
    "afspraken regeling vraag vragen faq discussie enquete onderzoek podcast",
)
"""Confidentiality is what the mail is about: "cursus Omgaan met vertrouwelijke informatie"."""

ABOUT = _words(
    "meld meldpunt meldlijn spreekuur inloopspreekuur hulplijn telefoonnummer anoniem",
    "label labels vertrouwelijkheidslabel stempel stempels sticker stickers poster posters checklist quiz",
    "classificatie rubricering markering aanduiding onderwerpregel template sjabloon huisstijl",
    "outlook teams zivver knop functie optie instelling map mappen rechten toegang rol autorisatie",
    "tag tags onderwerp onderwerpen standaardtekst handtekening",
    "opdruk niveaus niveau ibabs",
    "wachtwoord opheffen opheffing ticket foutmelding zaaktype printen afdrukken mailen",
    "versleutelen versleuteld lekt gelekt containers vernietiging papiervernietiging shredding",
)
"""Help that is offered in confidence, and talk about labels, programs and bins: there the word promises or
names something."""

TITLES = _words(
    "film films filmavond filmtip bioscoop documentaire serie aflevering trailer netflix musical toneel",
    "toneelstuk theater theaterstuk roman thriller boek boeken boekentip boekbespreking leestip kijktip",
    "podcast recensie lied game movie series concert",
)
"""Wherever it stands the word may be a title: "Film: Strikt Vertrouwelijk"."""

ASKING = _words("hoe wat waarom wanneer welke wie waar is mag moet kan")
"""Begin a question."""

EXPLAINED = _words("hoe wat waarom wanneer zo how why")
"""Begin an explanation: "Vertrouwelijk: zo mail je veilig"."""

VERBS = _words(
    "is zijn was waren wordt worden werd werden blijft blijven bleef ben are be remain keep stays",
    "behandelen behandelt behandeld houden houdt hou gehouden gaan gaat omgaan moet moeten mag mogen",
    "kan kunnen als as woord term aanduiding stempel classificatie label markering betekent",
)
"""Before a word at the end they make a sentence of it: "uw gegevens blijven vertrouwelijk"."""

RUNS_ON_FROM = _words(
    "en ook altijd volledig geheel 100 gegarandeerd the graag eens op naar van in bij tot over met voor als"
)
"""Straight before a word: it goes on what was said, as in "gratis en vertrouwelijk"."""

DOCUMENTS = _words(
    "advies bijlage bod brief casus concept conceptbrief",
    "dossier memo nota notitie rapport raadsvoorstel stuk",
    "verslag voorstel collegevoorstel besluit overzicht lijst",
    "agenda notulen offerte contract bestand rapportage",
)
"""Straight after a word at the beginning: one thing that is labelled, not the kind of things it speaks of."""

ON = _words("aan bij betreffende inzake namens over tbv van voor m")
"""After a document: what it is about, or for whom."""

ANSWERS = _words("niet geen nee neen no none not ja yes wel nog nvt n na j onbekend onduidelijk leeg")
"""Straight after it, or as the last word: somebody filled in a form, as in "Vertrouwelijk: n.v.t."."""

FORBIDDEN = _words(
    "doorsturen doorzenden verspreiden delen kopieren printen publiceren openbaar bespreken voor forward",
    "distribute share",
)
"""After a negation straight behind it: there the label goes on, as in "vertrouwelijk, niet doorsturen"."""

JOURNEY = _words(
    "trein treinen bus bussen busreis vlucht vluchten vluchtgegevens vliegtuig schiphol luchthaven vliegveld",
    "gate station spoor perron halte aankomst aank vertrek vertrektijd vertraging reis reizen reisschema",
    "excursie uitje retour rit ritten dienstregeling ns ov taxi uur maandag dinsdag woensdag donderdag",
    "vrijdag zaterdag zondag afscheid",
)
"""Anywhere beside `vertr.`: it may be a departure."""

LESSENED = _words(
    "deels gedeeltelijk semi half minder nauwelijks quasi zogenaamd onnodig ooit allesbehalve vaak a la"
)
"""Straight before a word: it is not all of that."""

GOES_ON = _words(
    "in als uit van op bij met voor werkt werken",
    "staat staan zetten zet gebruiken gebruik is zijn wordt worden moet",
    "mag kan doet verdwijnt verschijnt ontbreekt",
    "weg toevoegen verwijderen weghalen invullen standaard automatisch",
    "vervalt verloopt eindigt stopt vervangen vervangt wijzigt verandert heet krijgt komt gaat",
    "verplicht hernoemd afgeschaft verwijderd gewijzigd aangepast verplaatst voortaan vanaf per",
    "hoort blijft geldt betekent kost erboven eronder erbij ervoor erin erop eraf bovenaan onderaan",
)
"""Straight after a word in brackets: the mark itself is spoken of, as in "[vertrouwelijk] werkt niet"."""

MARKING = _words(
    "zetten plaatsen typen weghalen aanvinken uitvinken aanzetten uitzetten vermelden plakken",
    "werkwijze betekenis definitie uitleg",
)
"""Within three words after it: somebody tells what the mark means, how to set it or how to take it away."""

USES = _words(
    "omgaan werken mailen communiceren delen vernietigen archiveren melden versturen verzenden bewaren",
    "printen praten vergaderen behandelen behandeld gesprek gesprekken contact post melding meldingen",
    "advieslijn inloop meedenken of",
)
"""Straight after a word at the beginning: it tells how, as in "vertrouwelijk mailen"."""
