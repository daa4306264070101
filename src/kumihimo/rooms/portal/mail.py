"""E-mail: it says that something waits, or holds a code, and nothing else. No name, no link, no matter.

A relay of the operator carries it. Over the network it is spoken to by TLS; in the clear only where
it listens on this machine.
"""

import asyncio
import ipaddress
import re
import smtplib
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Final, Protocol
from urllib.parse import urlsplit

import attrs

from kumihimo.kernel.clock import Clock
from kumihimo.kernel.entropy import Entropy
from kumihimo.kernel.ids import new_id
from kumihimo.kernel.net import trusted
from kumihimo.kernel.refusal import BadInput, Unavailable
from kumihimo.kernel.withheld import Withheld

ADDRESS_MAX: Final = 254  # RFC 5321
TIMEOUT_S: Final = 20.0
_FOR_GOOD: Final = 500  # a reply from here on says the same next time
_ADDRESS: Final = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+"
)
_WAITS: Final = (
    "あなたを待っていることがあります / Something waits for you",
    """\
ポータルに、新しいお知らせか記録があります。
いつもの方法でポータルを開き、カードで確かめて、見てください。
このメールには、内容もリンクもありません。

サイトに あたらしい おしらせか きろくが あります。
いつもの ように サイトを ひらいて、カードで たしかめて ください。
この メールに なかみと リンクは ありません。

There is something new for you at the portal.
Open the portal as you always do, and confirm with your card.
This mail holds neither what it is nor a link.
""",
)
_CODE: Final = (
    "確認コード / Your code",
    """\
確認コード: {code}
ポータルの「知らせ方」の画面に、30分のうちに入れてください。
心当たりがなければ、何もしないでください。

ばんごう: {code}
サイトの「しらせかた」の がめんに、30ぷんまでに いれて ください。
あなたが たのんで いないなら、なにも しないで ください。

Your code: {code}
Type it at the portal, on the page "How you are told", within 30 minutes.
If you did not ask for it, do nothing.
""",
)


class Postponed(Exception):
    """Mail is taken, but to this address not now (RFC 5321, 4.2.1: replies of 4xx)."""


class Mailer(Protocol):
    """Carries mail. Raises `Unavailable` while it cannot, `Postponed` where one address has to wait."""

    async def send(self, to: str, subject: str, text: str) -> None:
        """Hand a mail over."""
        ...


def address_of(typed: str) -> str:
    """Return an address that mail can go to. Raises `BadInput`."""
    address = typed.strip()
    if len(address) > ADDRESS_MAX or not _ADDRESS.fullmatch(address):
        raise BadInput("an address such as hanako@example.jp", pointer="address")
    return address


def waits() -> tuple[str, str]:
    """Return subject and text of the mail that something waits: the same for everybody."""
    return _WAITS


def with_code(code: str) -> tuple[str, str]:
    """Return subject and text of the mail that holds a code."""
    subject, text = _CODE
    return subject, text.format(code=code)


@attrs.frozen(kw_only=True)
class Relay:
    """A relay that takes mail by SMTP. `login` is user and password, None where none is asked for."""

    host: str
    port: int
    tls: bool
    sender: str
    clock: Clock
    entropy: Entropy
    login: Withheld[tuple[str, str]] | None = None

    async def send(self, to: str, subject: str, text: str) -> None:
        """Hand a mail over to the relay. Raises `Unavailable`, `Postponed`."""
        message = EmailMessage(policy=SMTP)
        message["From"], message["To"], message["Subject"] = self.sender, to, subject
        message["Date"] = format_datetime(self.clock.now())
        message["Message-ID"] = f"<{new_id(self.entropy)}@{self.sender.rpartition('@')[2]}>"
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no machine answers it
        message.set_content(text)
        try:
            await asyncio.to_thread(self._hand_over, message)
        except smtplib.SMTPRecipientsRefused as refused:
            if any(code < _FOR_GOOD for code, _ in refused.recipients.values()):
                raise Postponed from None
            return  # nobody is there; to try again changes nothing
        except (OSError, smtplib.SMTPException) as error:
            # Neither address nor answer is named: both may stand in a log.
            raise Unavailable("the relay does not take mail") from error

    def _hand_over(self, message: EmailMessage) -> None:
        if self.tls:
            relay = smtplib.SMTP_SSL(self.host, self.port, timeout=TIMEOUT_S, context=trusted())
        else:
            relay = smtplib.SMTP(self.host, self.port, timeout=TIMEOUT_S)
        with relay:
            if self.login is not None:
                relay.login(*self.login.reveal())
            relay.send_message(message)


def relay_at(address: str) -> tuple[str, int, bool] | None:
    """Return host, port and whether TLS is spoken, of `smtps://host:port` or `smtp://loopback:port`.

    None for anything else: in the clear mail goes to a relay on this machine alone.
    """
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        return None
    if not parts.hostname or port is None or parts.path or parts.query or parts.username:
        return None
    if parts.scheme == "smtps":
        return parts.hostname, port, True
    if parts.scheme == "smtp" and _is_loopback(parts.hostname):
        return parts.hostname, port, False
    return None


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
