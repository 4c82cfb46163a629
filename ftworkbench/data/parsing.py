"""JSON as it comes, read whole or refused with the place."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from typing import Any

import orjson

from ftworkbench.data.rules import Refused
from ftworkbench.printable import one_line

# orjson makes a float of an integer past 64 bits, and so an id another id.
_LONG_NUMBER = re.compile(rb"[:,\[]\s?-?[0-9]{19}")


def parse_record(raw: bytes) -> Any:
    """The JSON value of a record. Raises Refused: not-utf8 or not-json, with the place."""
    if not _LONG_NUMBER.search(raw):
        with suppress(orjson.JSONDecodeError):
            return orjson.loads(raw)
    # NaN and infinities, which other programs write, are not orjson's to read.
    try:
        value = json.loads(raw.decode("utf-8"))
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeDecodeError as broken:
        raise Refused("not-utf8", f"not valid UTF-8 at byte {broken.start + 1}") from None
    except UnicodeEncodeError:
        raise Refused("not-utf8", "half of a surrogate pair (\\ud800 to \\udfff) stands alone") from None
    except RecursionError:
        raise Refused("not-json", "nested too deeply to be read") from None
    except json.JSONDecodeError as error:
        reason = f"not JSON: {one_line(error.msg, 80)} (character {error.pos + 1})"
        raise Refused("not-json", reason) from None
    except ValueError as error:
        raise Refused("not-json", f"not JSON: {one_line(str(error), 80)}") from None
    return value
