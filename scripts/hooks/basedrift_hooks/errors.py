"""How a hook's work ends when it does not succeed."""


class HookError(Exception):
    """What went wrong: a stable code, and a sentence that says what to do."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__("%s: %s" % (code, message))
        self.code = code
        self.message = message
        self.alarm = False


class Passing(HookError):
    """A failure of the world: the same again may succeed later. `after` is how long to wait at least, in seconds.

    `alarm` says that it passes only once a person has done something.
    """

    def __init__(self, code: str, message: str, after: float = 0.0, alarm: bool = False) -> None:
        super().__init__(code, message)
        self.after = after
        self.alarm = alarm


class Final(HookError):
    """The same again would fail the same way: a person has to look at it."""
