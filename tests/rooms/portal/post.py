"""A relay that speaks SMTP (RFC 5321) on this machine, and keeps what it was handed."""

import asyncio
import email
import email.policy


class Post:
    """`refuses` and `postpones`: recipients. `mails` are (recipient, message), `asked` is how often."""

    def __init__(self):
        self.mails, self.refuses, self.port, self.asked = [], set(), 0, 0
        self.postpones = set()

    async def __aenter__(self):
        self.server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self.server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_):
        self.server.close()
        await self.server.wait_closed()

    async def _serve(self, reader, writer):
        to = ""
        writer.write(b"220 post\r\n")
        while line := (await reader.readline()).decode().strip():
            verb = line.upper()
            answer = "250 ok"
            if verb.startswith("RCPT TO:"):
                to = line[len("RCPT TO:") :].strip("<> ")
                self.asked += 1
                answer = "550 nobody" if to in self.refuses else answer
                answer = "450 later" if to in self.postpones else answer
            elif verb == "DATA":
                writer.write(b"354 go on\r\n")
                body = await reader.readuntil(b"\r\n.\r\n")
                parsed = email.message_from_bytes(body[:-5], policy=email.policy.default)
                self.mails.append((to, parsed))
            elif verb == "QUIT":
                writer.write(b"221 bye\r\n")
                break
            writer.write(f"{answer}\r\n".encode())
            await writer.drain()
        writer.close()
