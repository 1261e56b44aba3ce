"""Hooks of the fuzzer of the HTTP API, for Schemathesis: what it does not know of this API."""

import json
import re

import schemathesis
from schemathesis.core.failures import AcceptedNegativeData
from schemathesis.specs.openapi.checks import negative_data_rejection

# What is accepted on purpose although the document does not have it. Each is in what Schemathesis says.
LENIENCIES = (
    # Headers that no endpoint declares are ignored, as HTTP has it.
    re.compile(r"in header - object with unexpected properties"),
    # The document shows lines of JSON as text, which has no types where it is sent.
    re.compile(r"in body - violates `type` \(was string"),
    # Confluent's flags: anything but "true" is false, as in the registry whose API this is.
    re.compile(
        r"parameters? (`(defaultToGlobal|deleted|deletedOnly|latestOnly|normalize|permanent|verbose)`(, )?)+ in query"
    ),
    # The same beside another wrong component.
    re.compile(
        r"query: violates `type` at /properties/(defaultToGlobal|deleted|deletedOnly|latestOnly|normalize|permanent|verbose)\b"
    ),
    # A credential in another form is refused on a gateway that is closed; this one is open.
    re.compile(r"violates `format` at /properties/Authorization"),
)

# That registry ignores parameters that it does not know.
CONFLUENT = ("/subjects", "/schemas", "/config", "/mode", "/compatibility")
UNKNOWN_QUERY = re.compile(r"in query - object with unexpected properties")
# Refusals that the built-in check does not expect: too large, and headers that are.
OTHER_REFUSALS = (413, 431)


@schemathesis.serializer("application/x-ndjson")
def ndjson(ctx, value):
    """The document shows the lines of such a body as text."""
    if isinstance(value, bytes):
        return value
    return (value if isinstance(value, str) else json.dumps(value)).encode("utf-8", "surrogatepass")


@schemathesis.check
def refuses_what_is_wrong(ctx, response, case):
    """The built-in check, except for the leniencies."""
    if response.status_code in OTHER_REFUSALS:
        return
    try:
        negative_data_rejection(ctx, response, case)
    except AcceptedNegativeData as failure:
        is_confluent = case.operation.path.startswith(CONFLUENT)
        if is_confluent and UNKNOWN_QUERY.search(failure.message):
            return
        if not any(leniency.search(failure.message) for leniency in LENIENCIES):
            raise
