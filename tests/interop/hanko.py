"""A PDF, and pyHanko's way to sign it with a card."""

from tests.interop.desk import MODULE, OWN, SIGN_PIN

_SETTINGS = """
pkcs11-setups:
  jpkisign:
    module-path: {module}
    slot-no: 1
    cert-id: "02"
    key-id: "02"
    user-pin: "{pin}"
"""


def pdf():
    """Return a PDF of one empty page."""
    parts = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>",
    ]
    out, places = bytearray(b"%PDF-1.7\n"), []
    for number, part in enumerate(parts, 1):
        places.append(len(out))
        out += b"%d 0 obj%s endobj\n" % (number, part)
    start = len(out)
    out += b"xref\n0 4\n0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % at for at in places)
    return bytes(out + b"trailer<</Size 4/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % start)


def signed_pdf(desk):
    """Let pyHanko sign a PDF with the sign certificate of the card in the reader; returns its path."""
    desk.file("pyhanko.yml", _SETTINGS.format(module=MODULE, pin=SIGN_PIN).encode())
    desk.file("in.pdf", pdf())
    signing = ("sign", "addsig", "--field", "Sig1", "pkcs11", "--p11-setup", "jpkisign")
    desk.done(OWN / "pyhanko", "--config", "pyhanko.yml", *signing, "in.pdf", "out.pdf")
    return desk.folder / "out.pdf"
