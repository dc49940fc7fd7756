"""Where the shipped settings are: inside an installed wheel, or beside the code in a checkout."""

from pathlib import Path

import mailbot


def shipped_settings() -> Path:
    """The folder with the settings of the fictional gemeente Voorbeeld.

    Raises FileNotFoundError when the installation is incomplete.
    """
    package = Path(mailbot.__file__).parent
    for folder in (package / "_settings", package.parent / "settings"):
        if (folder / "mailbot.toml").is_file():
            return folder
    raise FileNotFoundError("this installation holds no settings; install mailbot again")
