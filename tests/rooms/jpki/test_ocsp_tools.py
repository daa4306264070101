"""OCSP as tools that we did not write see it: openssl asks, pkilint looks at what comes back."""

import asyncio
import base64
import sys
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from kumihimo.kernel.clock import HandClock, SystemClock
from kumihimo.kernel.plain_http import listening
from kumihimo.rooms.jpki import verifiers
from kumihimo.rooms.jpki.authorities import CAS, found_generation
from kumihimo.rooms.jpki.responders import renew
from kumihimo.run.loopback import HOST, free_port
from tests.rooms.jpki.asking import HASHES, bank, question
from tests.rooms.jpki.made import change, order, spki
from tests.rooms.jpki.test_other_tools import said

BIN = Path(sys.executable).parent
# openssl runs in a network of its own; all that it reaches there is the file that leads to jpki.
ALONE = """
ip link set lo up
socat TCP-LISTEN:8080,bind=127.0.0.1,fork UNIX-CONNECT:door & way=$!
trap 'kill $way' EXIT
for try in $(seq 200); do
  socat -u OPEN:/dev/null TCP:127.0.0.1:8080 2>/dev/null && break
  sleep 0.05
done
"$@"
"""


@asynccontextmanager
async def door(path, port):
    """Lead who connects to a file to a port of this machine, while the block runs."""

    async def carry(reader, writer):
        while content := await reader.read(65_536):
            writer.write(content)
        writer.close()

    async def lead(reader, writer):
        there, back = await asyncio.open_connection(HOST, port)
        await asyncio.gather(carry(reader, back), carry(there, writer))

    path.unlink(missing_ok=True)
    async with await asyncio.start_unix_server(lead, path):
        yield


async def by_openssl(house, folder, certificate, *options, token=None):
    """Let openssl ask about a certificate or a serial; returns all that it says."""
    root = await house.root("sign")
    (folder / "root.pem").write_bytes(root.public_bytes(Encoding.PEM))
    about = ["-serial", str(certificate)]
    if not isinstance(certificate, int):
        pem = x509.load_der_x509_certificate(certificate).public_bytes(Encoding.PEM)
        (folder / "one.pem").write_bytes(pem)
        about = ["-cert", "one.pem"]
    if token is not None:
        pair = base64.b64encode(f"bank:{token}".encode()).decode()
        options = [*options, "-header", f"Authorization=Basic {pair}"]
    port = free_port()
    async with listening(house.room.status, HOST, port), door(folder / "door", port):
        alone = ["unshare", "--net", "bash", "-c", ALONE, "bash"]
        command = ["openssl", "ocsp", "-issuer", "root.pem", "-CAfile", "root.pem", *options]
        url = "http://127.0.0.1:8080/ocsp"
        _, words = await said(folder, *alone, *command, *about, "-url", url)
    return words


@pytest.mark.parametrize("name", sorted(HASHES))
def test_openssl_believes_what_is_told_of_good_revoked_held_and_unknown(in_house, tmp_path, name):
    async def story(house):
        house.clock = HandClock(SystemClock().now())  # openssl looks at the machine's
        house.build()
        for ca in CAS:
            await found_generation(house.jpki, ca, named="present", actor="test")
        _, good = await house.card(who="taro")
        _, moved = await house.card()
        await house.changed(change("address"))
        lost, held = await house.card(who="jiro")
        await house.happen("loss", lost)
        await renew(house.jpki)
        token = (await verifiers.register(house.jpki, "bank", ["signature_verifier"])).reveal()
        for certificate, words in (
            (good.sign, ("one.pem: good",)),
            (moved.sign, ("one.pem: revoked", "Reason: affiliationChanged")),
            (held.sign, ("one.pem: revoked", "Reason: certificateHold")),
            (4711, ("4711: unknown",)),
        ):
            for nonce in ("-nonce", "-no_nonce"):
                told = await by_openssl(
                    house, tmp_path, certificate, f"-{name}", nonce, token=token
                )
                assert "Response verify OK" in told
                assert "WARNING: no nonce" not in told
                for word in words:
                    assert word in told

    in_house(story, founded=False)


def test_openssl_without_a_token_learns_that_it_may_not_ask(in_house, tmp_path):
    async def story(house):
        _, card = await house.card()
        await renew(house.jpki)
        token = (await verifiers.register(house.jpki, "bank", ["signature_verifier"])).reveal()
        await verifiers.suspend(house.jpki, "bank", suspended=True)
        for shown in (None, "wrong", token):
            told = await by_openssl(house, tmp_path, card.sign, token=shown)
            assert "Responder Error: unauthorized (6)" in told
            assert "good" not in told

    in_house(story)


@pytest.mark.parametrize("generation", ["present", "next"])
def test_pkilint_finds_no_error_in_an_answer_or_in_its_signers_certificate(
    in_house, tmp_path, generation
):
    async def story(house):
        for ca in CAS:
            await found_generation(house.jpki, ca, named=generation, actor="test")
        kind = {"present": "rsa-2048", "next": "p-384"}[generation]
        wanted = order(sign_key=spki(kind), auth_key=spki(kind))
        [issued] = await house.issue(wanted)
        root = await house.root("sign")
        certificate = x509.load_der_x509_certificate(issued.sign)
        asking = [(certificate, b"n" * 16), (certificate, None), (4711, b"n")]
        async with bank(house) as asker:
            for held in (False, True):
                if held:
                    await house.happen("loss", wanted)
                for about, nonce in asking:
                    for name in sorted(HASHES):
                        der = question(about, root, name=name, nonce=nonce)
                        told = await asker.post(der)
                        (tmp_path / "answer").write_bytes(told.public_bytes(Encoding.DER))
                        command = [str(BIN / "lint_ocsp_response"), "lint", "-s", "ERROR"]
                        assert await said(tmp_path, *command, "answer") == (0, "\n")
            [signer] = (await asker.post(question(certificate, root))).certificates
            (tmp_path / "signer").write_bytes(signer.public_bytes(Encoding.DER))
            command = [str(BIN / "lint_pkix_cert"), "lint", "-s", "ERROR", "signer"]
            assert await said(tmp_path, *command) == (0, "\n")

    in_house(story, founded=False)
