"""What tools that we did not write say of what is issued: openssl's text, pkilint's own commands."""

import ast
import asyncio
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from kumihimo.rooms.jpki.authorities import found_generation
from tests.meta.project import sources, tree
from tests.rooms.jpki.made import order, spki

BIN = Path(sys.executable).parent


async def said(folder, *command):
    done = await asyncio.to_thread(
        subprocess.run, command, cwd=folder, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


def test_openssl_reads_a_sign_certificate_as_it_would_a_real_one(in_house, tmp_path):
    async def story(house):
        _, issued = await house.card()
        (tmp_path / "sign.der").write_bytes(issued.sign)
        code, text = await said(
            tmp_path, "openssl", "x509", "-inform", "DER", "-in", "sign.der", "-noout", "-text"
        )
        assert code == 0, text
        for line in (
            "Issuer: C = JP, O = JPKI-TEST, OU = JPKI for digital signature",
            "Subject: C = JP, L = Tokyo-to, L = Minato-ku, CN = ",
            "X509v3 Key Usage: critical",
            "Digital Signature, Non Repudiation",
            "Policy: 1.2.392.200149.8.5.1.1.20",
            "DirName:C = JP, O = JPKI-TEST",
            "OU = CRL Distribution Points, OU = Tokyo-to, CN = Minato-ku CRLDP",
            "OCSP - URI:http://127.0.0.1:8406/ocsp",
            "Signature Algorithm: sha256WithRSAEncryption",
            "Not After : Feb 17 14:59:59 2031 GMT",
        ):
            assert line in text, line

    in_house(story)


@pytest.mark.parametrize("generation", ["present", "next"])
def test_pkilints_own_commands_find_no_error_in_anything_that_is_issued(
    in_house, tmp_path, generation
):
    async def story(house):
        for ca in ("sign", "auth"):
            await found_generation(house.jpki, ca, named=generation, actor="test")
        kind = {"present": "rsa-2048", "next": "p-384"}[generation]
        wanted = order(sign_key=spki(kind), auth_key=spki(kind))
        [issued] = await house.issue(wanted)
        await house.happen("loss", wanted)
        certificates = [issued.sign, issued.auth]
        certificates += [issued.sign_authority, issued.auth_authority]
        for der in certificates:
            (tmp_path / "one.der").write_bytes(der)
            command = [str(BIN / "lint_pkix_cert"), "lint", "-s", "ERROR", "one.der"]
            assert await said(tmp_path, *command) == (0, "\n")
        for part in ("", "131032"):
            crl = await house.crl("auth", part=part)
            (tmp_path / "one.crl").write_bytes(crl.public_bytes(Encoding.DER))
            command = [str(BIN / "lint_crl"), "lint", "-t", "CRL", "-p", "PKIX", "-s", "ERROR"]
            assert await said(tmp_path, *command, "one.crl") == (0, "\n")

    in_house(story, founded=False)


def test_openssl_follows_a_certificate_to_the_generation_that_signed_it(in_house, tmp_path):
    async def story(house):
        _, old = await house.card()
        await found_generation(house.jpki, "sign", named="present", actor="test")
        _, new = await house.card(who="taro")
        roots = [await house.root("sign", generation) for generation in (1, 2)]
        pem = b"".join(root.public_bytes(Encoding.PEM) for root in roots)
        (tmp_path / "roots.pem").write_bytes(pem)
        at = str(int(house.clock.now().timestamp()) + 60)
        for index, issued in enumerate((old, new)):
            certificate = x509.load_der_x509_certificate(issued.sign)
            certificate.verify_directly_issued_by(roots[index])
            (tmp_path / "one.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
            command = ["openssl", "verify", "-attime", at, "-CAfile", "roots.pem", "one.pem"]
            assert (await said(tmp_path, *command))[1] == "one.pem: OK\n"

    in_house(story)


def test_no_other_file_than_the_linter_makes_what_can_be_signed():
    makers = {"Linted", "LintedCertificate", "LintedList"}
    for path in sources("src"):
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id not in makers or path.name == "lint.py", path
