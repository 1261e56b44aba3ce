"""Schemas by the ids that records carry, fetched from the gateway's registry at run time."""

import sys

from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory
from sluice.v1 import registry_pb2


class Schemas:
    """Fetches each schema once: an id never changes its meaning."""

    def __init__(self, registry):
        self._registry = registry
        self._by_id = {}

    def json(self, record):
        """The record's value as protobuf JSON, on one line."""
        pool, message_class = self._get(record.schema_id)
        message = message_class.FromString(record.value)
        return json_format.MessageToJson(
            message, indent=None, ensure_ascii=False, descriptor_pool=pool
        )

    def _get(self, schema_id):
        if schema_id not in self._by_id:
            request = registry_pb2.GetDescriptorSetRequest(id=schema_id)
            answer = self._registry.GetDescriptorSet(request)
            # A pool of its own: another version of the schema declares the same names.
            pool = descriptor_pool.DescriptorPool()
            files = descriptor_pb2.FileDescriptorSet.FromString(answer.file_descriptor_set)
            for file in files.file:
                pool.Add(file)
            # By custom a record is the first message of its schema's own file.
            name = answer.schema.messages[0]
            message_class = message_factory.GetMessageClass(pool.FindMessageTypeByName(name))
            self._by_id[schema_id] = pool, message_class
            print(f"schema {schema_id}: {name}", file=sys.stderr)
        return self._by_id[schema_id]
