"""What jpki refuses by name."""

from kumihimo.kernel.refusal import BadInput, Refusal


class NoAuthority(Refusal):
    """No key ceremony has been held, or every generation has ended."""

    code = "no-authority"
    title = "No authority can sign at present"
    status = 503


class WeakKey(BadInput):
    """A public key that must not be certified. `detail` is one word for what is wrong."""

    code = "weak-key"
    title = "The public key must not be certified"


class KeyOfAnother(Refusal):
    """The key stands in another holder's certificate, or in one that was revoked as compromised."""

    code = "key-of-another"
    title = "The public key is in use elsewhere or was compromised"
    status = 409


class OrderReused(Refusal):
    """An order's id stands for other keys or another person."""

    code = "order-reused"
    title = "This order id stands for another order"
    status = 409


class OrderDropped(Refusal):
    """cards told that the order came to nothing, before it came or while it was being signed."""

    code = "order-dropped"
    title = "This order was given up"
    status = 409


class StaleOrder(Refusal):
    """The register changed the person since the order's attributes were taken."""

    code = "stale-order"
    title = "The register has changed this person since; order anew"
    status = 409


class HolderEnded(Refusal):
    """The person has died, or left the country without continuing the card."""

    code = "holder-ended"
    title = "This person can hold no certificate"
    status = 409


class NothingToRestOn(Refusal):
    """A sign certificate rests on an auth certificate, a phone's on a card's; there is none."""

    code = "nothing-to-rest-on"
    title = "The certificate that this one depends on is not valid"
    status = 409


class TooYoung(Refusal):
    """No sign certificate under fifteen, unless the order says that it is an exception."""

    code = "too-young"
    title = "No sign certificate is issued at this age"
    status = 409


class CardEnded(Refusal):
    """The card's last day is over."""

    code = "card-ended"
    title = "The card that carries the certificates has ended"
    status = 409


class InvalidCertificate(Refusal):
    """Not a certificate of ours, byte for byte."""

    code = "invalid-certificate"
    title = "No authority of ours issued this certificate"
    status = 400


class CertificateExpired(Refusal):
    """Its last day is over."""

    code = "certificate-expired"
    title = "The certificate has expired"
    status = 409


class CertificateHeld(Refusal):
    """Its card or phone was reported lost."""

    code = "certificate-held"
    title = "The certificate is on hold"
    status = 409


class CertificateRevoked(Refusal):
    """It was revoked."""

    code = "certificate-revoked"
    title = "The certificate was revoked"
    status = 409


class NoLinkage(Refusal):
    """What belongs with this certificate or holder is not known."""

    code = "no-linkage"
    title = "Nothing is linked with this"
    status = 409


class SignatureWrong(BadInput):
    """The text was not signed with the key of the certificate."""

    code = "signature-wrong"
    title = "The signature is not one of this certificate over this text"


class ConsentOver(Refusal):
    """She withdrew it, its time is over, or what it is about may not be told (支援措置).

    One name for all three: a name of its own would tell who is protected.
    """

    code = "consent-over"
    title = "By this consent nothing can be told any more"
    status = 409


class NotWellFormed(Refusal):
    """The linter has an error to tell of what would be signed, so it is not."""

    code = "not-well-formed"
    title = "The certificate would not be well formed; nothing was signed"
    status = 409
