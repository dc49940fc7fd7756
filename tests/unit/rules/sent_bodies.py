"""Bodies of sent mail as mail programs write them: ways to wrap own words, a signature and quoted mail.

Everybody in them is made up; addresses end in `.example`.
"""

LETTER = (
    "Beste mevrouw Bakker, dank voor uw vraag over de aanslag van dit jaar. Wij hebben de waarde opnieuw "
    "bekeken en sturen u de uitkomst binnen twee weken per post toe."
)
"""Thirty words: enough to expect a signature under it."""

GREETING = "Met vriendelijke groet,"
FULL = (
    "Kim de Wit",
    "Beleidsadviseur Belastingen",
    "Gemeente Voorbeeld",
    "Stadhuisplein 1, 1234 AB Voorbeeld",
    "T 14 0123",
    "www.voorbeeld.example",
)
OF_ANOTHER = ("Bo Bakker", "Bakker Advies", "Kade 3, 4321 ZX Elders", "T 0987-654321", "www.elders.example")


def breaks(*lines: str) -> str:
    return "<br>".join(lines)


def paragraphs(*lines: str) -> str:
    return "".join(f'<p class="MsoNormal">{line}<o:p></o:p></p>' for line in lines)


# --- Outlook on the desk, which writes as Word does -------------------------------------------------------


def outlook(*own: str, quoted: str = "") -> str:
    return (
        '<html xmlns:o="urn:schemas-microsoft-com:office:office"><head><meta http-equiv="Content-Type" '
        'content="text/html; charset=utf-8"><style><!-- p.MsoNormal {margin:0cm} --></style>'
        '<!--[if gte mso 9]><xml><o:shapedefaults v:ext="edit"/></xml><![endif]--></head>'
        f'<body lang="NL" style="word-wrap:break-word"><div class="WordSection1">{"".join(own)}{quoted}</div>'
        "</body></html>"
    )


def auto_signature(*lines: str) -> str:
    """As Outlook puts it under a new mail: a bookmark around the first paragraph."""
    first, *others = lines
    return (
        f'<p class="MsoNormal"><a name="_MailAutoSig"><span style="color:#1F4E79">{first}</span></a></p>'
        + "".join(
            f'<p class="MsoNormal"><span style="mso-bookmark:_MailAutoSig"><span>{line}</span></span></p>'
            for line in others
        )
    )


def outlook_quote(
    *lines: str, words: tuple[str, str, str, str] = ("Van", "Verzonden", "Aan", "Onderwerp")
) -> str:
    """A thin grey line above four header lines; below them the other's mail."""
    sender, when, to, what = words
    return (
        '<div><div style="border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm">'
        f'<p class="MsoNormal"><b>{sender}:</b> Bo Bakker &lt;bo@elders.example&gt;<br><b>{when}:</b> '
        f"maandag 16 november 2026 09:12<br><b>{to}:</b> Kim de Wit &lt;kim.de.wit@voorbeeld.example&gt;"
        f"<br><b>{what}:</b> Vraag</p></div></div>{paragraphs(*lines)}"
    )


ENGLISH = ("From", "Sent", "To", "Subject")


# --- Outlook on the web -----------------------------------------------------------------------------------


def owa(*own: str, quoted: str = "") -> str:
    return (
        '<html><head><meta http-equiv="Content-Type" content="text/html; charset=iso-8859-1">'
        '<style type="text/css" style="display:none;"> P {margin-top:0} </style></head><body dir="ltr">'
        f"{''.join(own)}{quoted}</body></html>"
    )


def typed(*lines: str) -> str:
    return "".join(
        f'<div class="elementToProof" style="font-family: Aptos; font-size: 12pt;">{line}</div>'
        for line in lines
    )


def owa_signature(*lines: str, name: str = "Signature") -> str:
    return (
        f'<div id="{name}" class="elementToProof"><div style="font-size: 11pt;">{breaks(*lines)}</div></div>'
    )


def owa_quote(*lines: str) -> str:
    """Every name inside the quoted part has `x_` before it."""
    return (
        '<div id="appendonsend"></div><hr style="display:inline-block;width:98%" tabindex="-1">'
        '<div id="divRplyFwdMsg" dir="ltr"><font face="Calibri, sans-serif"><b>Van:</b> Bo Bakker<br>'
        "<b>Verzonden:</b> maandag 16 november 2026 09:12<br><b>Aan:</b> Kim de Wit<br>"
        "<b>Onderwerp:</b> Vraag</font></div>"
        f'<div><div class="x_WordSection1">{paragraphs(*lines)}</div>'
        f'<div id="x_Signature">{breaks(*OF_ANOTHER)}</div></div>'
    )


def monarch_quote(*lines: str) -> str:
    """As the new Outlook wraps the mail that it answers."""
    return (
        '<div id="mail-editor-reference-message-container"><div class="ms-outlook-mobile-reference-message">'
        f"{paragraphs(*lines)}{owa_signature(*OF_ANOTHER)}</div></div>"
    )


# --- telephones -------------------------------------------------------------------------------------------


def outlook_ios(
    *own: str, signature: str = '<a href="https://aka.example/ios">Outlook voor iOS</a> downloaden'
) -> str:
    return (
        f"<html><body><div>{breaks(*own)}</div><div><br></div>"
        f'<div id="ms-outlook-mobile-signature"><div style="direction:ltr">{signature}</div></div>'
        "</body></html>"
    )


def apple(*own: str, last: str = "Verstuurd vanaf mijn iPhone") -> str:
    return (
        '<html><body dir="auto"><div dir="ltr">'
        f'{breaks(*own)}</div><div dir="ltr"><br></div><div dir="ltr">{last}</div></body></html>'
    )


# --- Gmail, Thunderbird, Apple Mail -----------------------------------------------------------------------


def gmail(*own: str, signature: tuple[str, ...] = (), quoted: str = "") -> str:
    signed = (
        f'<div dir="ltr" class="gmail_signature" data-smartmail="gmail_signature">{breaks(*signature)}</div>'
        if signature
        else ""
    )
    return f'<div dir="ltr"><div>{breaks(*own)}</div>{signed}</div>{quoted}'


def gmail_quote(
    *lines: str, intro: str = "Op ma 16 nov 2026 om 09:12 schreef Bo Bakker &lt;bo@elders.example&gt;:"
) -> str:
    return (
        f'<br><div class="gmail_quote"><div dir="ltr" class="gmail_attr">{intro}<br></div>'
        f'<blockquote class="gmail_quote" style="border-left:1px solid">{breaks(*lines)}</blockquote></div>'
    )


def thunderbird(*own: str, signature: tuple[str, ...] = (), quoted: str = "") -> str:
    signed = f'<div class="moz-signature">-- <br>{breaks(*signature)}</div>' if signature else ""
    return f"<html><body>{quoted}<p>{breaks(*own)}</p>{signed}</body></html>"


def cite(*lines: str, intro: str = "Op 16-11-2026 om 09:12 schreef Bo Bakker:") -> str:
    return (
        f'<div class="moz-cite-prefix">{intro}</div>'
        f'<blockquote type="cite" cite="mid:1">{breaks(*lines)}</blockquote>'
    )


def apple_mail(*own: str, quoted: str = "") -> str:
    return f'<html><body style="overflow-wrap: break-word;">{breaks(*own)}<div>{quoted}</div></body></html>'
