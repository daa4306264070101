"""What jpki refuses by name."""

from kumihimo.kernel.refusal import Refusal


class NoAuthority(Refusal):
    """No key ceremony has been held, or every generation has ended."""

    code = "no-authority"
    title = "No authority can sign at present"
    status = 503
