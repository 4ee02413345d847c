"""What a record is: one class that pydantic validates at the edge and msgspec reads and writes inside. Pure.

A record is defined once, with ordinary annotations. Where data comes from outside (ingest, import, replay),
`pydantic.TypeAdapter(Click).validate_python(...)` checks every constraint. Our own topics were validated when they were
written, so the workers read them with msgspec from the same definition, which checks types and costs a tenth.
"""

from typing import Any, get_type_hints

import msgspec
from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

FORMAT = 1
"""The version of the wire format. A reader takes this one and every older one; a newer one goes to `invalid`."""


class Record(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False, tag_field="type", tag=str.lower):
    """The base of everything that lies on a topic: immutable, tagged with its type and the version of its format."""

    # A factory, because a plain default would be left out of the JSON by omit_defaults.
    v: int = msgspec.field(default_factory=lambda: FORMAT)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Let pydantic validate a mapping of fields and build the record from it."""
        hints = get_type_hints(cls, include_extras=True)
        fields = {
            field.name: core_schema.typed_dict_field(
                handler.generate_schema(hints[field.name]), required=field.required
            )
            for field in msgspec.structs.fields(cls)
        }
        return core_schema.no_info_after_validator_function(
            lambda values: cls(**values), core_schema.typed_dict_schema(fields, extra_behavior="forbid")
        )
