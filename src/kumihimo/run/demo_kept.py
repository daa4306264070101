"""What `demo --keep` leaves of the mother's card: a file, and how other programs log in with it."""

import os

from kumihimo.card import keeping
from kumihimo.kernel.ids import new_id
from kumihimo.kernel.withheld import Withheld
from kumihimo.run.demo_card import SECRETS, CardInHand
from kumihimo.run.demo_login import Portal
from kumihimo.run.demo_stage import Demo


def leave_card(demo: Demo, hers: CardInHand, portal: Portal) -> None:
    """Keep her card as a file until the demo ends, and show what to type."""
    passphrase = Withheld(new_id(demo.street.entropy).encode("ascii"))
    keeping.create(
        demo.folder / "mother.card", hers.memory.contents, passphrase, entropy=demo.street.entropy
    )
    handle = os.open(demo.folder / "passphrase", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(passphrase.reveal() + b"\n")
    teller = demo.teller
    teller.say(
        "母親のカードで、OpenSC（Debian の opensc）から乱数に署名する：",
        "Sign a challenge with the mother's card by OpenSC (Debian's opensc):",
    )
    teller.plain(
        "",
        f"DEMO={demo.folder}",
        'echo "a challenge" > $DEMO/challenge',
        "./kumihimo card run $DEMO/mother.card --passphrase-file $DEMO/passphrase --quiet -- \\",
        f"  pkcs11-tool --module opensc-pkcs11.so --login --pin {SECRETS['auth'].reveal()} --id 01 \\",
        "  --sign --mechanism SHA256-RSA-PKCS -i $DEMO/challenge -o $DEMO/answer",
        "./kumihimo card run $DEMO/mother.card --passphrase-file $DEMO/passphrase --quiet -- \\",
        "  pkcs15-tool --read-certificate 1 -o $DEMO/auth.pem",
        "",
    )
    teller.say(
        ".venv/bin/python で、ポータルとしてその署名を確かめる：",
        "In .venv/bin/python, verify it as the portal would:",
    )
    teller.plain(
        "",
        "from hashlib import sha256",
        "from pathlib import Path",
        "from ssl import PEM_cert_to_DER_cert",
        "from kumihimo.rooms.jpki import forms",
        "from kumihimo.rooms.jpki.client import VerifierClient",
        f'demo = Path("{demo.folder}")',
        f'jpki = VerifierClient("{portal.address}", "{portal.token.reveal()}")',
        "login = jpki.verify(forms.Verify(",
        '    certificate=PEM_cert_to_DER_cert((demo / "auth.pem").read_text()),',
        '    hash_algorithm="sha256",',
        '    digest=sha256((demo / "challenge").read_bytes()).digest(),',
        '    signature=(demo / "answer").read_bytes()))',
        "print(login.verification.result, login.verification.user)",
        "",
    )
