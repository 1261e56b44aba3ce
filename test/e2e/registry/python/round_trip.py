"""Confluent's client as its users work with it: one client object writes and reads.

    round_trip.py REGISTRY_URL

Prints a line of JSON for each case: its name, and the message that was read back.
"""

import json
import sys

from confluent_kafka.schema_registry import Schema, SchemaRegistryClient
from confluent_kafka.schema_registry.protobuf import ProtobufDeserializer, ProtobufSerializer
from confluent_kafka.serialization import MessageField, SerializationContext
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory

pool = descriptor_pool.Default()


def add_files() -> None:
    unit = descriptor_pb2.FileDescriptorProto(name="trip/unit.proto", package="trip", syntax="proto3")
    unit.message_type.add(name="Unit").field.add(name="symbol", number=1, type=9, label=1)
    pool.Add(unit)
    reading = descriptor_pb2.FileDescriptorProto(
        name="trip/reading.proto", package="trip", syntax="proto3", dependency=["trip/unit.proto"]
    )
    message = reading.message_type.add(name="Reading")
    message.field.add(name="label", number=1, type=9, label=1)
    message.field.add(name="unit", number=2, type=11, label=1, type_name=".trip.Unit")
    pool.Add(reading)


def message_of(name: str):
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(name))


def round_trip(case: str, client: SchemaRegistryClient, message, options: dict) -> None:
    context = SerializationContext(case, MessageField.VALUE)
    serializer = ProtobufSerializer(
        type(message), client, {"use.deprecated.format": False, **options}
    )
    read_options = {k: v for k, v in options.items() if k == "use.latest.version"}
    deserializer = ProtobufDeserializer(
        type(message), {"use.deprecated.format": False, **read_options}, client
    )
    read = deserializer(serializer(message, context), context)
    print(json.dumps({"case": case, "read": json_format.MessageToDict(read)}), flush=True)


def main(url: str) -> None:
    add_files()
    unit = message_of("trip.Unit")(symbol="kg")
    reading = message_of("trip.Reading")(label="weight", unit=unit)

    client = SchemaRegistryClient({"url": url})
    round_trip("registered", client, unit, {})
    round_trip("with a reference", client, reading, {})

    # Another client, which registers nothing: it looks the schemas up.
    client = SchemaRegistryClient({"url": url})
    round_trip("registered", client, unit, {"auto.register.schemas": False})

    client = SchemaRegistryClient({"url": url})
    latest = {"auto.register.schemas": False, "use.latest.version": True}
    round_trip("registered", client, unit, latest)

    # A schema that was registered as text has the form that is asked for.
    text = 'syntax = "proto3"; package trip; message Unit { string symbol = 1; }'
    client = SchemaRegistryClient({"url": url})
    registered = client.register_schema_full_response("as text-value", Schema(text, "PROTOBUF"))
    print(json.dumps({"case": "text", "read": registered.schema.schema_str}), flush=True)
    client = SchemaRegistryClient({"url": url})
    round_trip("as text", client, unit, latest)


main(sys.argv[1])
