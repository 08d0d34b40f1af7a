"""A second, small Feishu, written from the published reference alone and sharing nothing with the
simulator: what both agree on is not merely one reading of it. It is sloppy where the knobs say so,
and writes down (complaints) what the reference does not allow a client to send."""

from .play import LIN, MEI, ZONE, consent, sign_in, stamp
from .world import OtherFeishu

__all__ = ["LIN", "MEI", "ZONE", "OtherFeishu", "consent", "sign_in", "stamp"]
