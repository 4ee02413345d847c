"""[privacy]: what of a person is hashed or cut before anything is stored. Pure."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator

from schemas.settings.networks import one_or_many
from schemas.settings.values import ParameterNames, Section

EMAIL_PARAMS = ("email", "e-mail", "e_mail", "mail", "email_address", "emailaddress", "user_email", "emails", "em")
PHONE_PARAMS = (
    *("phone", "phone_number", "phonenumber", "user_phone", "phones", "ph", "tel", "telephone"),
    *("mobile", "mobile_number", "msisdn", "phone_e164"),
)


def _region(text: str) -> str:
    from phonenumbers import SUPPORTED_REGIONS  # large, and needed only where a region is written

    if text and text not in SUPPORTED_REGIONS:
        raise ValueError('write the two letters of a country in capitals, like "DE", or leave it out')
    return text


class Privacy(Section):
    """What ingest and `import` do to personal data before anything is stored. As it is left out: nothing."""

    hash: Annotated[tuple[Literal["email", "phone"], ...], BeforeValidator(one_or_many)] = ()
    email_params: ParameterNames = EMAIL_PARAMS  # besides, whatever reads as an e-mail address, in any parameter
    phone_params: ParameterNames = PHONE_PARAMS
    phone_region: Annotated[str, AfterValidator(_region)] = ""  # of numbers without a country's code
    ip: Literal["keep", "truncate", "hash"] = "keep"  # truncate: to /24 of IPv4, /48 of IPv6; hash: keyed by our secret
