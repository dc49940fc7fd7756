"""Invented people and departments of gemeente Voorbeeld. Any likeness to real people is chance."""

import unicodedata
from collections.abc import Iterator
from random import Random

DOMAIN = "voorbeeld.example"
SECOND_DOMAIN = "gemeentevoorbeeld.example"

FIRST_NAMES = (
    "Aafke", "Abdel", "Adriaan", "Aisha", "Aleksandra", "Anouk", "Arjan", "Aylin", "Bart", "Bilal", "Bram",
    "Brechtje", "Carlijn", "Chantal", "Cor", "Daan", "Delano", "Demi", "Dirk", "Douwe", "Eefje", "Elif",
    "Emre", "Esmée", "Evert", "Faisal", "Femke", "Fleur", "Froukje", "Geert", "Gijs", "Griet", "Halima",
    "Hanneke", "Harm", "Hatice", "Hidde", "Ibrahim", "Ilse", "Imane", "Iris", "Jacco", "Jannie", "Jelle",
    "Joep", "Jolanda", "Karima", "Kees", "Koen", "Lars", "Latifa", "Lieke", "Lotte", "Maarten", "Mandy",
    "Marjolein", "Marouan", "Melis", "Menno", "Mieke", "Mohamed", "Nadia", "Naomi", "Niels", "Noor", "Okke",
    "Olga", "Pascal", "Petra", "Pieter", "Priya", "Quinten", "Rachid", "Ravi", "Renske", "Robin", "Roos",
    "Samira", "Sander", "Saskia", "Sem", "Shanti", "Sigrid", "Sophie", "Stijn", "Tamara", "Teun", "Thirza",
    "Tjitske", "Tobias", "Trijntje", "Umut", "Vera", "Wendy", "Wessel", "Wietske", "Xander", "Yara",
    "Youssef", "Zeynep", "Zoë",
)  # fmt: skip

LAST_NAMES = (
    "Achterberg", "Akkerman", "Ataman", "van den Bosch", "Baars", "Benali", "Biesheuvel", "de Boer",
    "Bouazza", "Brouwer", "Bruinsma", "Chotoe", "Coenen", "van Dalen", "Demir", "Dijkgraaf", "van Dongen",
    "Doornbos", "Elzinga", "van Es", "Faber", "Ferwerda", "Gerritsen", "de Graaf", "Groenewoud", "Haddad",
    "van der Heide", "Hoekstra", "Hofland", "Huisman", "Idrissi", "Jansma", "Jongeneel", "Kalkman", "Kaya",
    "van Kempen", "Klaassen", "Kooistra", "Kramer", "Kuipers", "Lammers", "van Leeuwen", "Lubbers",
    "Mahabier", "Meijerink", "Mulder", "Nanninga", "Nijboer", "Noordhoek", "Olthof", "Oosterhuis",
    "Özdemir", "Paulides", "Pietersma", "Postma", "Postuma", "Rademaker", "Ramdin", "Reitsma", "Rietveld",
    "Roelofs", "Ruiter", "Sahin", "Schaap", "Schipper", "Siebenga", "Slagter", "Smeets", "Spaans", "Stam",
    "Steenbergen", "Tahiri", "Terpstra", "Tuinstra", "Uittenbogaard", "Veenstra", "Verhagen", "Visscher",
    "van Vliet", "Vrieling", "Wagenaar", "Westra", "Wiersma", "de Wit", "Wolthuis", "Yilmaz", "Zandstra",
    "Zijlstra", "Zuidema", "van Zwieten",
)  # fmt: skip

DEPARTMENTS = (
    ("SD", "Samenleving"),
    ("RO", "Ruimte"),
    ("DV", "Dienstverlening"),
    ("BV", "Bedrijfsvoering"),
)
TEAMS = (
    ("SD1", "Wmo en jeugd"),
    ("RO1", "Vergunningen"),
    ("DV1", "Burgerzaken"),
    ("BV1", "Informatievoorziening"),
    ("SD2", "Werk en inkomen"),
    ("RO2", "Openbare ruimte"),
    ("DV2", "Klantcontactcentrum"),
    ("BV2", "Financiën"),
    ("SD3", "Onderwijs en sport"),
    ("RO3", "Toezicht en handhaving"),
    ("DV3", "Belastingen"),
    ("BV3", "Personeel en organisatie"),
)


def mail_address(name: str) -> str:
    """`Sjoukje de Boer` -> `sjoukje.de.boer@voorbeeld.example`, without accents."""
    plain = unicodedata.normalize("NFKD", name.replace("ı", "i").replace("ø", "o"))
    letters = "".join(c for c in plain if not unicodedata.combining(c)).lower()
    return ".".join(letters.replace("'", "").split()) + f"@{DOMAIN}"


def crowd_names(random: Random, taken: set[str]) -> Iterator[str]:
    """Names whose addresses are not taken yet; each is taken when it is given out."""
    rounds = 0
    pairs = [(first, last) for first in FIRST_NAMES for last in LAST_NAMES]
    while True:
        random.shuffle(pairs)
        for first, last in pairs:
            middle = f" {chr(ord('A') + rounds % 26)}{rounds}" if rounds else ""
            name = f"{first}{middle} {last}"
            if mail_address(name) not in taken:
                taken.add(mail_address(name))
                yield name
        rounds += 1
