"""Confluent's Python client with user and password. Prints what it got, as one JSON object."""

import json
import sys

from confluent_kafka.schema_registry import Schema, SchemaRegistryClient
from confluent_kafka.schema_registry.error import SchemaRegistryError

url, keys = sys.argv[1], json.loads(sys.argv[2])
text = 'syntax = "proto3"; package py; message Unit { string symbol = 1; }'


def client(key):
    return SchemaRegistryClient(
        {"url": url, "basic.auth.user.info": f"anyone:{key}", "max.retries": 0}
    )


def refusal(work):
    try:
        work()
        return "done"
    except SchemaRegistryError as error:
        return [error.http_status_code, error.error_code]


right = client(keys["right"])
schema_id = right.register_schema("py", Schema(text, "PROTOBUF"))
assert right.get_schema(schema_id).schema_str == text

print(
    json.dumps(
        {
            "subjects": right.get_subjects(),
            "narrow": refusal(
                lambda: client(keys["narrow"]).register_schema(
                    "py", Schema(text + " ", "PROTOBUF")
                )
            ),
            "wrong": refusal(lambda: client(keys["wrong"]).get_subjects()),
        }
    )
)
